-- public: of the machine, by its command. All sessions of an operator end
select 'is signed out everywhere' as said, operator_sign_out(operator_meant(:name)), audit_note(:who, 'operator.sign-out', :name)
