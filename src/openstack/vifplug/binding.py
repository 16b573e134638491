# SPDX-License-Identifier: Apache-2.0
"""Computes VF number and vhost-user socket from a VF's PCI address, like vifplugd on the host.

neutron-server chooses the socket before it contacts a host, so it applies the same rules here: a VF's number
is ID*8+VF of its PCI address DDDD:BB:ID.VF, where ID is hexadecimal, and the socket comes from a template,
like vhost-socket of the daemon's NIC profiles. Needs only Python.
"""

import re
from typing import Dict, Iterable, Optional, Tuple

_SLOT = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{2}):([01][0-9a-fA-F])\.([0-7])")
_BUS = re.compile(r"[0-9a-fA-F]{4}:[0-9a-fA-F]{2}")
_IDS = re.compile(r"[0-9a-fA-F]{4}:([0-9a-fA-F]{4}|\*)")
_VARIABLE = re.compile(r"\{([^{}]*)\}")

VARIABLES = ("vf", "vf_pci", "pf_bus")
MODES = ("server", "client")
SUN_PATH = 107  # Bytes of a UNIX socket's path.


class BindingError(ValueError):
    """The text says what is wrong and ends with what to do."""


def vf_number(pci_slot: object) -> int:
    """VF_NUM = ID*8+VF of a PCI address DDDD:BB:ID.VF."""
    match = _SLOT.fullmatch(pci_slot) if isinstance(pci_slot, str) else None
    if not match:
        raise BindingError(f"pci_slot {pci_slot!r} of the port's binding:profile is not a PCI address "
                           "DDDD:BB:DD.F; Nova must fill it in; check how the port was bound")
    return int(match.group(3), 16) * 8 + int(match.group(4))


def check_template(template: str) -> str:
    """Returns a socket template that is well-formed; raises BindingError."""
    for name in _VARIABLE.findall(template):
        if name not in VARIABLES:
            known = ", ".join("{%s}" % variable for variable in VARIABLES)
            raise BindingError(f"socket template '{template}' has the unknown variable {{{name}}}; "
                               f"neutron-server knows {known}")
    if "{" in _VARIABLE.sub("", template) or "}" in _VARIABLE.sub("", template):
        raise BindingError(f"socket template '{template}' has a brace without its other half; "
                           "correct it")
    if not template.startswith("/"):
        raise BindingError(f"socket template '{template}' is not an absolute path; correct it")
    if "{vf}" not in template and "{vf_pci}" not in template:
        raise BindingError(f"socket template '{template}' gives all VFs one socket; put {{vf}} into it")
    return template


def check_mode(mode: str) -> str:
    """Returns QEMU's role on the socket, server or client; raises BindingError."""
    if mode not in MODES:
        raise BindingError(f"vhost-user mode '{mode}' is neither server nor client; correct it")
    return mode


class Sockets:
    """The socket of each VF.

    :param template: for cards that `cards` does not name
    :param mode: QEMU's role on their sockets
    :param cards: lines "MATCH TEMPLATE [MODE]". MATCH is the bus of the VFs, DDDD:BB, or their ids,
        VVVV:DDDD or VVVV:*; the bus takes precedence over the ids, and the ids over VVVV:*
    """

    def __init__(self, template: str, mode: str = "server", cards: Iterable[str] = ()) -> None:
        self._default = (check_template(template), check_mode(mode))
        self._cards: Dict[str, Tuple[str, str]] = {}
        for line in cards:
            match, socket = self._card(line)
            if match in self._cards:
                raise BindingError(f"card '{match}' is given twice; remove one")
            self._cards[match] = socket

    def _card(self, line: str) -> Tuple[str, Tuple[str, str]]:
        words = line.split()
        if len(words) not in (2, 3) or not (_BUS.fullmatch(words[0]) or _IDS.fullmatch(words[0])):
            raise BindingError(f"card '{line}' is not understood; write MATCH TEMPLATE [MODE], where MATCH "
                               "is a bus (0000:65), ids (18f4:051a) or a vendor (18f4:*)")
        mode = check_mode(words[2]) if len(words) == 3 else self._default[1]
        return words[0].lower(), (check_template(words[1]), mode)

    def find(self, pci_slot: str, ids: Optional[str] = None) -> Tuple[str, str]:
        """Returns (path, mode) of the VF at `pci_slot`; raises BindingError.

        :param ids: its vendor and device, "18f4:051a", as in pci_vendor_info, if they are known
        """
        number = vf_number(pci_slot)
        pci_slot = pci_slot.lower()
        ids = str(ids or "").lower()
        template, mode = self._default
        for match in (pci_slot[:7], ids, f"{ids.partition(':')[0]}:*"):
            if match in self._cards:
                template, mode = self._cards[match]
                break
        values = {"vf": str(number), "vf_pci": pci_slot, "pf_bus": pci_slot[5:7]}
        path = _VARIABLE.sub(lambda variable: values[variable.group(1)], template)
        if len(path.encode()) > SUN_PATH:
            raise BindingError(f"socket path {path} is longer than {SUN_PATH} bytes; shorten the template")
        return path, mode
