package errs

import (
	"errors"
	"fmt"
	"testing"
)

func TestKindSurvivesWrapping(t *testing.T) {
	cause := errors.New("disk said no")
	err := fmt.Errorf("saving: %w", New(Full, "blob.full", "free", 3).Because(cause))
	if got := KindOf(err); got != Full {
		t.Errorf("KindOf = %v, want Full", got)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost to errors.Is")
	}
	if !HasCode(err, "blob.full") {
		t.Error("the public code is lost")
	}
}

func TestUnclassifiedIsInternal(t *testing.T) {
	if got := KindOf(errors.New("x")); got != Internal {
		t.Errorf("KindOf(plain) = %v, want Internal: an unclassified error never blames the person", got)
	}
}

func TestNoBadFieldsIsNoError(t *testing.T) {
	if err := NewInvalid(); err != nil {
		t.Errorf("NewInvalid() = %v, want nil", err)
	}
	err := NewInvalid(Bad("name", "required"), Bad("phone", "phone.length", "got", 8))
	e, ok := As(err)
	if !ok || len(e.Fields) != 2 || e.Fields[1].Args["got"] != 8 {
		t.Errorf("fields not kept: %+v", e)
	}
}
