# TensorFlow, shared by the images of retrain for nodes with and without a GPU.
ARG PARENT
FROM ${PARENT}

ARG PIP_INDEX_URL
COPY requirements/predict.txt /opt/autofocus/requirements/
RUN pip install --no-cache-dir --require-hashes -r /opt/autofocus/requirements/predict.txt
