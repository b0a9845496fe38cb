module every-call

go 1.25
