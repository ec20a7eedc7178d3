-- public: the operator's. The account that a token is made for
select a.id, a.api_generation as generation, audit_note(:who, 'user.token', :product || '/' || :name)
  from account a
 where a.id = account_meant(:product, :name)
