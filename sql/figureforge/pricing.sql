-- public: the price list
select json_build_object('currency', 'usd', 'plans', figureforge.plans()) as body
