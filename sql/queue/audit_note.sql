-- Write down what an operator does, in the transaction that does it
select audit_note(:who, :action, :target, :details::json)
