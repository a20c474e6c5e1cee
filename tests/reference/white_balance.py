# Prints the matrix of white_balance:temperature=50,tint=-20 for light in sRGB's primaries, from the standards' own
# numbers; src/op/tests/colour.rs holds them.
import numpy as np

primaries = np.array([[0.64, 0.33], [0.30, 0.60], [0.15, 0.06]])
white = np.array([0.3127, 0.3290])
bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def xyz(x, y):
    return np.array([x / y, 1.0, (1 - x - y) / y])


columns = np.array([xyz(*p) for p in primaries]).T
to_xyz = columns * np.linalg.solve(columns, xyz(*white))


def daylight(mired):
    t = 1e6 / mired
    if t <= 7000:
        x = -4.6070e9 / t**3 + 2.9678e6 / t**2 + 0.09911e3 / t + 0.244063
    else:
        x = -2.0064e9 / t**3 + 1.9018e6 / t**2 + 0.24748e3 / t + 0.237040
    return x, -3 * x**2 + 2.870 * x - 0.275


def uv(x, y):
    return np.array([4 * x, 6 * y]) / (-2 * x + 12 * y + 3)


def light(temperature, tint):
    mired = 153.75 - temperature
    here = uv(*daylight(mired))
    along = uv(*daylight(mired + 1e-3)) - uv(*daylight(mired - 1e-3))
    along /= np.linalg.norm(along)
    u, v = here + np.array([-along[1], along[0]]) * tint / 3000
    return xyz(3 * u / (2 * u - 8 * v + 4), 2 * v / (2 * u - 8 * v + 4))


source, target = bradford @ light(50, -20), bradford @ light(0, 0)
adapt = np.linalg.inv(bradford) @ np.diag(target / source) @ bradford
matrix = np.linalg.inv(to_xyz) @ adapt @ to_xyz
matrix /= (to_xyz @ matrix @ np.ones(3))[1]
print("[\n" + "".join(f"    [{', '.join(repr(float(v)) for v in row)}],\n" for row in matrix) + "]")
