-- public: those who text belong to the installation, not to one of its accounts; who calls was checked before
select smsagent.person_detail(p) as body from smsagent.person p where p.phone_number = :phone_number
