-- SPDX-License-Identifier: GPL-3.0-or-later
-- What finds all that an account has ever made, and all its files when it is closed.
create index image_made on figureforge.image (account_id);
create index file_of on file (account_id) where deleted_at is null;
