# SPDX-License-Identifier: Apache-2.0
"""Options of the ML2 mechanism driver, in neutron-server's configuration."""

from oslo_config import cfg

GROUP = "vifplug"

OPTIONS = (
    cfg.StrOpt("vhost_socket",
               default="/usr/local/var/run/stdvio{vf}",
               help="The vhost-user socket that a card serves for a VF. {vf} is the VF number, ID*8+VF of "
                    "its PCI address DDDD:BB:ID.VF, {vf_pci} that address, {pf_bus} its bus (BB). Must be "
                    "the same as vhost-socket of the NIC profile in vifplugd.conf on the compute nodes; "
                    "vifplugd refuses a port with another socket."),
    cfg.StrOpt("vhost_mode",
               default="server", choices=("server", "client"),
               help="QEMU's role on the socket: vhost-mode in vifplugd.conf."),
    cfg.MultiStrOpt("card",
                    default=[],
                    help="Cards with other sockets: MATCH TEMPLATE [MODE], as often as needed. MATCH is "
                         "the bus of the VFs (0000:b3), their vendor and device (18f4:051a) or vendor "
                         "(18f4:*). A bus takes precedence over ids, ids over a vendor. Two cards in one "
                         "host need different sockets, with {pf_bus} in the template for example."),
)


def register():
    """Registers the options in the global configuration; can be called several times."""
    cfg.CONF.register_opts(OPTIONS, group=GROUP)
