-- An attempt has failed, and another will be made
select hook_tried(:delivery::uuid, false, :status::integer, :error, false) as ticket
