"""The lecture notes that claims were taken from, by what claims call them."""

LECTURES = {
    "S0": "“AI Math 9: CNN 첫걸음” (2022)",
    "S1": "“딥러닝: Convolutional Neural Networks” (2022)",
    "S2": "“CNN, chapter 7.5 and after” (2021)",
    "S3": "“Deep Learning Basic 09: CNN” (undated)",
    "S4": "“Convolution” (2021)",
}
