module large-deal

go 1.25
