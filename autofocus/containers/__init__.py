"""Running a stage in a container of a Kubeflow pipeline; nothing here imports kfp."""
