"""The demo: Brightwater's last three weeks, told through the use cases, and then its customers go on by themselves."""
