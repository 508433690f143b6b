module github.com/hey-emir-kaan/rsocket-rust/rsocket-go-ffi

go 1.26
