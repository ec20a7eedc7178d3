-- public: the operator's. All that an account is signed in with ends
select 'is signed out everywhere' as said, sign_out_everywhere(account_meant(:product, :name)),
       audit_note(:who, 'user.sign-out', :product || '/' || :name)
