import numpy as np

from emodist.estimators._winsorizer import Winsorizer


def test_numbers_beyond_three_deviations_come_back_to_three_and_others_stay():
    x = np.array([[-50.0, -2.9], [0.1, 3.1]])
    np.testing.assert_array_equal(Winsorizer().fit(x).transform(x), [[-3.0, -2.9], [0.1, 3.0]])
