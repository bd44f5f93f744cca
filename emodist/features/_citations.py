"""Works that several features come from, as BibTeX."""

LIBROSA = """\
@inproceedings{mcfee2015librosa,
  author = {McFee, Brian and Raffel, Colin and Liang, Dawen and Ellis, Daniel P. W. and McVicar, Matt and Battenberg, Eric and Nieto, Oriol},
  title = {librosa: Audio and Music Signal Analysis in {Python}},
  booktitle = {Proceedings of the 14th Python in Science Conference},
  year = {2015},
  doi = {10.25080/Majora-7b98e3ed-003}
}
"""  # noqa: E501

GEMAPS = """\
@article{eyben2016gemaps,
  author = {Eyben, Florian and Scherer, Klaus R. and Schuller, Björn W. and Sundberg, Johan and André, Elisabeth and Busso, Carlos and Devillers, Laurence Y. and Epps, Julien and Laukka, Petri and Narayanan, Shrikanth S. and Truong, Khiet P.},
  title = {The {Geneva} Minimalistic Acoustic Parameter Set ({GeMAPS}) for Voice Research and Affective Computing},
  journal = {IEEE Transactions on Affective Computing},
  volume = {7},
  number = {2},
  pages = {190--202},
  year = {2016},
  doi = {10.1109/TAFFC.2015.2457417}
}
"""  # noqa: E501

YAMNET = """\
@misc{plakal2019yamnet,
  author = {Plakal, Manoj and Ellis, Dan},
  title = {{YAMNet}: a pretrained deep net that predicts audio event classes},
  publisher = {TensorFlow Models},
  year = {2019},
  url = {https://github.com/tensorflow/models/tree/master/research/audioset/yamnet}
}
@inproceedings{gemmeke2017audioset,
  author = {Gemmeke, Jort F. and Ellis, Daniel P. W. and Freedman, Dylan and Jansen, Aren and Lawrence, Wade and Moore, R. Channing and Plakal, Manoj and Ritter, Marvin},
  title = {Audio Set: An Ontology and Human-Labeled Dataset for Audio Events},
  booktitle = {IEEE International Conference on Acoustics, Speech and Signal Processing},
  pages = {776--780},
  year = {2017},
  doi = {10.1109/ICASSP.2017.7952261}
}
"""  # noqa: E501
