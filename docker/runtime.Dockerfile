# What all images share: an environment for Python, made for any user, and no more.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}

# No user has a home here, and MLflow and matplotlib ask for a name and a place to write.
ENV PATH=/opt/autofocus/bin:$PATH \
    HOME=/tmp \
    USER=autofocus \
    LOGNAME=autofocus \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

RUN python3 -m venv /opt/autofocus
CMD ["autofocus", "--help"]
