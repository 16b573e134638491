"""vifplugd for OpenStack.

client         the daemon's API; needs nothing but Python
os_vif_plugin  in nova-compute: plugs VIFs through the daemon
opts           its options, for oslo-config-generator

Importing this package imports none of them.
"""
