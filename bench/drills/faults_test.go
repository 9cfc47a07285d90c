package main

import "testing"

func TestTamper(t *testing.T)        { short(t, tamper()) }
func TestTamperCanFail(t *testing.T) { broken(t, tamper(), "blind") }

func TestLinear(t *testing.T)        { short(t, linear()) }
func TestLinearCanFail(t *testing.T) { broken(t, linear(), "careless-counter") }

func TestModels(t *testing.T) { short(t, models()) }
func TestModelsCanFail(t *testing.T) {
	for _, b := range models().Breaks {
		t.Run(b.Name, func(t *testing.T) { broken(t, models(), b.Name) })
	}
}

func TestFuzz(t *testing.T)        { short(t, fuzz()) }
func TestFuzzCanFail(t *testing.T) { broken(t, fuzz(), "fragile") }

func TestRestore(t *testing.T)        { short(t, restore()) }
func TestRestoreCanFail(t *testing.T) { broken(t, restore(), "other-moment") }

func TestSoak(t *testing.T)        { short(t, soak()) }
func TestSoakCanFail(t *testing.T) { broken(t, soak(), "leak") }
