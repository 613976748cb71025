module example.com/queue

go 1.26.0

require (
	github.com/redis/go-redis/v9 v9.23.0
	github.com/zferentz/go-redilock v0.0.0
)

require (
	github.com/alecthomas/kong v1.17.0 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/yuin/gopher-lua v1.1.2 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	go.yaml.in/yaml/v3 v3.0.6 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/zferentz/go-redilock => ../../../../..

tool github.com/zferentz/go-redilock/gen/cmd/luagen
