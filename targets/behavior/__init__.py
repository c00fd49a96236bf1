"""Target `behavior`: predicts the choices and response properties of the model itself."""
