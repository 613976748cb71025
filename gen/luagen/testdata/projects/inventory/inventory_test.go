package main

import (
	"strings"
	"testing"

	"example.com/inventory/scripts/stockv1"
)

func TestInventory(t *testing.T) {
	rdb, ctx := client(t), t.Context()
	keys := stockv1.Keys{Item: "bolt"}
	_, err := stockv1.Reserve(ctx, rdb, keys, stockv1.ReserveArgs{Count: 1, Who: "ann"})
	if err == nil || !strings.HasPrefix(err.Error(), "ENOITEM") {
		t.Fatalf("error is %v", err)
	}
	if err := rdb.Set(ctx, "bolt", `{"stock": 5, "note": "heavy"}`, 0).Err(); err != nil {
		t.Fatal(err)
	}
	reply, err := stockv1.Reserve(ctx, rdb, keys, stockv1.ReserveArgs{Count: 3, Who: "ann"})
	if r, ok := reply.(stockv1.ReserveReserved); err != nil || !ok || r.Left != 2 || r.Note == nil || *r.Note != "heavy" {
		t.Fatalf("%#v, %v", reply, err)
	}
	reply, err = stockv1.Reserve(ctx, rdb, keys, stockv1.ReserveArgs{Count: 3, Who: "bob"})
	if r, ok := reply.(stockv1.ReserveShort); err != nil || !ok || r.Left != 2 || r.Reserved["ann"] != "3" {
		t.Fatalf("%#v, %v", reply, err)
	}
}
