import os

import numpy
import yaml

print(numpy, yaml, os)
