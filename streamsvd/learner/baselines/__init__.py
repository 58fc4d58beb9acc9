"""What `IteratedSVD` is compared with: four online learners behind its protocol, and two that learn in batch."""

from streamsvd.learner.baselines.biased_sgd import BiasedSGD
from streamsvd.learner.baselines.brand_svd import BrandSVD
from streamsvd.learner.baselines.damped_means import DampedMeans
from streamsvd.learner.baselines.fold_in import FoldIn
from streamsvd.learner.baselines.soft_impute import SoftImpute
from streamsvd.learner.baselines.truncated_svd import TruncatedSVD

__all__ = ["BiasedSGD", "BrandSVD", "DampedMeans", "FoldIn", "SoftImpute", "TruncatedSVD"]
