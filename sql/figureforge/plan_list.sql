-- public: the price list
select json_build_object('plans', figureforge.plans()) as body
