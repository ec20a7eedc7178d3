-- What an operator's command has done
select audit_note(:who, :action, :target, :details::json)
