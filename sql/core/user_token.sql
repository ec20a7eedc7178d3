-- public: the operator's. The account that a token is made for
select account_meant(:product, :name) as id, audit_note(:who, 'user.token', :product || '/' || :name)
