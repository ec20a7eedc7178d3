# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benches of the front share: bench/run and the parts of bench/front."""
