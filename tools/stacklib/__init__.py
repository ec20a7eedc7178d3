# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of tools/stack: place (where state lies), fleet (what runs), webserver (what is in front of it), service (one of
them), supervisor (all of them), system (what Linux offers)."""
