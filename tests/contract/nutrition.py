# SPDX-License-Identifier: GPL-3.0-or-later
"""What Nutrition's examples need to be true."""
import people


class Fixture:
    def __init__(self, new_client, _mailbox, _examples):
        self.nobody, self.user = new_client(), new_client()
        entered = self.user.post("/api/v1/auth/register/", {"email": people.email(), "password": people.PASSWORD}, 201)
        self.user.token = entered.access
        self.path, self.bodies = {}, {}
        self.clients = {"none": self.nobody, "bearer": self.user}
