# Shared by all images: an empty Python environment that any user can use.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}

# Users have no home directory here, but MLflow and matplotlib need a name and a folder to write to.
ENV PATH=/opt/autofocus/bin:$PATH \
    HOME=/tmp \
    USER=autofocus \
    LOGNAME=autofocus \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

RUN python3 -m venv /opt/autofocus
CMD ["autofocus", "--help"]
