# TensorFlow, shared by the images of predict and retrain.
ARG PARENT
FROM ${PARENT}

ARG PIP_INDEX_URL
COPY requirements/predict.txt /opt/autofocus/requirements/
RUN pip install --no-cache-dir --require-hashes -r /opt/autofocus/requirements/predict.txt
