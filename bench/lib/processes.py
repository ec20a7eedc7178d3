# SPDX-License-Identifier: GPL-3.0-or-later
"""What processes have used so far."""
import os
import re
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def stat_of(pid):
    """Parent and CPU seconds of a process, those of its dead children included; None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return int(fields[1]), sum(map(int, fields[11:15])) / TICK


def family(pid):
    """A process and all that descend from it: pid -> CPU seconds."""
    everybody = {int(entry): found for entry in os.listdir("/proc") if entry.isdigit() and (found := stat_of(entry))}
    tree = [pid]
    for one in tree:
        tree.extend(child for child, (parent, _) in everybody.items() if parent == one)
    return {one: everybody[one][1] for one in tree if one in everybody}


def cpu(pids):
    """CPU seconds so far of each service."""
    return {name: sum(family(pid).values()) for name, pid in pids.items()}


def busy():
    """CPU seconds so far of the whole machine, those that a hypervisor has taken included."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq, steal, *_ = map(int, file.readline().split()[1:])
    return (user + nice + system + irq + softirq + steal) / TICK


def memory(pid):
    """RSS and PSS in MiB."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        text = file.read()
    return tuple(int(re.search(rf"^{name}: +(\d+) kB", text, re.M).group(1)) / 1024 for name in ("Rss", "Pss"))
