"""What is wrong with the data: health, leaks and drift, in numbers and in sentences."""
