"""Who is to be cited: BibTeX as features and corpora carry it, read, and shown in words.

An entry of a registry says in its own file whom it comes from: the class attribute `citation`, one
or more BibTeX entries, empty where there is nobody to cite.
"""
