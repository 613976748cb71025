package redilock_test

func sleeper(addr string, args []string) error { return nil }
