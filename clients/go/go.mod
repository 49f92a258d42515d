module redurite

go 1.19
