"""The lecture notes that claims were taken from, by what claims call them.

All are in Korean; their titles are translated where they are.
"""

LECTURES = {
    "S0": "“AI Math 9: First steps in CNNs” (2022)",
    "S1": "“Deep learning: Convolutional Neural Networks” (2022)",
    "S2": "“CNN, chapter 7.5 and after” (2021)",
    "S3": "“Deep Learning Basic 09: CNN” (undated)",
    "S4": "“Convolution” (2021)",
}
