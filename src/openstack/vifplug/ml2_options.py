# SPDX-License-Identifier: Apache-2.0
"""Options of the ML2 mechanism driver, in neutron-server's configuration."""

from oslo_config import cfg

GROUP = "vifplug"

OPTIONS = (
    cfg.StrOpt("vhost_socket",
               default="/usr/local/var/run/stdvio{vf}",
               help="The vhost-user socket that a card serves for a VF. {vf} is the VF number, ID*8+VF of "
                    "its PCI address DDDD:BB:ID.VF, {vf_pci} that address, {pf_bus} its bus (BB). Has to "
                    "be what vhost-socket of the NIC profile says in vifplugd.conf on the compute "
                    "nodes; vifplugd refuses a port whose socket is another."),
    cfg.StrOpt("vhost_mode",
               default="server", choices=("server", "client"),
               help="QEMU's role on the socket: vhost-mode in vifplugd.conf."),
    cfg.MultiStrOpt("card",
                    default=[],
                    help="Cards with other sockets: MATCH TEMPLATE [MODE], as often as needed. MATCH is "
                         "the bus of the VFs (0000:b3), their vendor and device (18f4:051a) or vendor "
                         "(18f4:*). A bus counts before ids, ids before a vendor. Two cards in one host "
                         "need templates that tell their VFs apart, by {pf_bus} for example."),
)


def register():
    """In the global configuration; as often as one likes."""
    cfg.CONF.register_opts(OPTIONS, group=GROUP)
