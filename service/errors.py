"""What can go wrong, in our own words. No HTTP here: `api/problem.py` maps codes to statuses.

    ServiceError                     anything a client may be told
    ├── InvalidInput                 the caller can fix it
    │   ├── EmptyText                nothing to work on
    │   ├── TextTooLong              over the published character limit
    │   ├── TooManyTexts             over the published list limit
    │   ├── SentenceTooLong          over the model's limit, and not to be split
    │   ├── InvalidText              binary, lone surrogates, NUL characters
    │   ├── UnsupportedMedia         a content type we do not read
    │   ├── MalformedBody            not the JSON, or not the fields, that were announced
    │   ├── HeaderInvalid            a header that says how long to take, and does not
    │   ├── BodyTooSlow              the body did not arrive in time
    │   ├── UnsupportedLanguage      no model here for this language or direction
    │   ├── AmbiguousLanguage        a long text that could be in one of several languages
    │   ├── UrlNotFetched            a URL where the text should be
    │   ├── GlossaryInvalid          terms that are empty, too long, twice there
    │   ├── GlossaryNotFound         no stored glossary of that id
    │   ├── DocumentInvalid          a file that is damaged, hostile or not of the kind it claims
    │   ├── LanguagesEqual           a document in the language it is to be translated into
    │   ├── DocumentNotFound         no translated file of that name or id, or no longer
    │   ├── KeyInUrl                 a key where access logs would keep it
    │   ├── JobNotFound              no job of that id, or not the caller's
    │   ├── JobNotDone               a job without a result: not yet, failed or cancelled
    │   ├── JobsNotListed            a caller without a key has no list of its own
    │   ├── IdempotencyKeyReused     the key of another request
    │   ├── WebhookRefused           an address that the operator does not allow
    │   └── NotOffered               a feature of another service that this one lacks
    ├── Refused                      not for this caller
    │   ├── KeyMissing               a key is needed here
    │   ├── KeyInvalid               unknown, revoked or expired: which is not told
    │   ├── ScopeMissing             the key is not for this
    │   ├── QuotaExceeded            the month's characters are used up
    │   └── LimitReached             later again
    │       ├── RateLimited          too many characters in a short time
    │       └── TooManyAtOnce        too many requests at the same time
    ├── Unavailable                  try again later
    │   ├── Overloaded               the queue is full
    │   ├── DocumentNotReady         a document that is still being translated
    │   ├── JobQueueFull             as many jobs wait as may
    │   ├── StoreUnavailable         what is kept between requests cannot be reached
    │   ├── NotReady                 models are still loading
    │   └── ShuttingDown             the process drains
    ├── DeadlineExceeded             not ready within the time the request may take
    ├── GenerationFailed             the engine failed on this input
    └── OperatorError                the person who runs the service can fix it
        ├── ConfigInvalid            a file of model_configs/: file, key, what is expected
        ├── SettingInvalid           an environment setting, or an option of a command
        ├── KeyUnknown               no key of that id or name
        ├── StoreKeyInvalid          what is kept was encrypted with another key
        ├── ModelNotInstalled        configured, not on this disk
        ├── ModelDamaged             a checksum or a required file is wrong
        ├── LicenceNotAcknowledged   a restricted licence nobody has accepted yet
        ├── CorpusInvalid            evaluation data: file, line, what is wrong
        ├── MeasurementFailed        a system under evaluation broke
        ├── DownloadFailed           the hub or mirror did not deliver
        ├── ConversionFailed         the checkpoint could not be converted
        ├── EngineUnavailable        a library or device the config asks for is missing
        ├── ClusterUnavailable       no Ray cluster answers
        └── WorkerDied               a process of several that shared the work

Messages never contain article text, keys or stack traces; paths only in OperatorError, which is
shown on the command line and never sent to a client.
"""

from __future__ import annotations

from typing import ClassVar


class ServiceError(Exception):
    """Root of everything a client may be told; `code` is stable and part of the API."""

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(ServiceError):
    """The caller can fix it. `pointer` is a JSON pointer into the request (`#/text/3`) or None."""

    code = "invalid_input"
    title = "Invalid input"

    def __init__(self, message: str, *, pointer: str | None = None) -> None:
        super().__init__(message)
        self.pointer = pointer


class EmptyText(InvalidInput):
    code = "empty_text"
    title = "Nothing to work on"


class TextTooLong(InvalidInput):
    code = "text_too_long"
    title = "Text too long"


class TooManyTexts(InvalidInput):
    code = "too_many_texts"
    title = "Too many texts"


class SentenceTooLong(InvalidInput):
    code = "sentence_too_long"
    title = "A sentence is too long"


class InvalidText(InvalidInput):
    code = "invalid_text"
    title = "Not readable as text"


class UnsupportedMedia(InvalidInput):
    code = "unsupported_media_type"
    title = "Unsupported content type"


class MalformedBody(InvalidInput):
    code = "malformed_body"
    title = "Malformed request"


class HeaderInvalid(InvalidInput):
    code = "invalid_header"
    title = "Malformed header"


class BodyTooSlow(InvalidInput):
    code = "body_too_slow"
    title = "Body too slow"


class UnsupportedLanguage(InvalidInput):
    code = "unsupported_language"
    title = "Language not supported"


class AmbiguousLanguage(InvalidInput):
    """`candidates` are language codes with their confidence, best first."""

    code = "ambiguous_language"
    title = "Language not clear"

    def __init__(self, candidates: tuple[tuple[str, float], ...]) -> None:
        named = ", ".join(f"{code} ({confidence:.0%})" for code, confidence in candidates)
        super().__init__(
            f"The text's language is not clear; it may be {named}. Name it as the source.", pointer="#/source"
        )
        self.candidates = candidates


class NotOffered(InvalidInput):
    code = "not_offered"
    title = "Not offered here"


class UrlNotFetched(InvalidInput):
    code = "url_not_fetched"
    title = "URLs are not fetched"


class GlossaryInvalid(InvalidInput):
    code = "invalid_glossary"
    title = "Glossary not usable"


class GlossaryNotFound(InvalidInput):
    code = "glossary_not_found"
    title = "No such glossary"


class DocumentInvalid(InvalidInput):
    code = "invalid_document"
    title = "Document not readable"


class LanguagesEqual(InvalidInput):
    code = "languages_equal"
    title = "Nothing to translate"


class DocumentNotFound(InvalidInput):
    code = "document_not_found"
    title = "No such document"


class KeyInUrl(InvalidInput):
    code = "key_in_url"
    title = "Keys do not belong into URLs"


class Refused(ServiceError):
    """Not for this caller, whatever is asked."""


class KeyMissing(Refused):
    code = "key_missing"
    title = "A key is needed"


class KeyInvalid(Refused):
    code = "key_invalid"
    title = "Key not valid"


class ScopeMissing(Refused):
    code = "scope_missing"
    title = "The key is not for this"


class QuotaExceeded(Refused):
    code = "quota_exceeded"
    title = "Quota used up"


class LimitReached(Refused):
    """`retry_after` is in whole seconds, at least 1."""

    code = "limit_reached"
    title = "Limit reached"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = max(1, retry_after)


class RateLimited(LimitReached):
    code = "rate_limited"
    title = "Too much in a short time"


class TooManyAtOnce(LimitReached):
    code = "too_many_at_once"
    title = "Too many requests at once"


class JobNotFound(InvalidInput):
    code = "job_not_found"
    title = "No such job"


class JobNotDone(InvalidInput):
    """`retry_after` is in seconds, None where waiting does not help."""

    code = "job_not_done"
    title = "The job has no result"

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class JobsNotListed(InvalidInput):
    code = "jobs_not_listed"
    title = "Jobs are not listed"


class IdempotencyKeyReused(InvalidInput):
    code = "idempotency_key_reused"
    title = "The key of another request"


class WebhookRefused(InvalidInput):
    code = "webhook_refused"
    title = "No webhook to this address"


class Unavailable(ServiceError):
    """Try again; `retry_after` is in whole seconds, at least 1."""

    code = "unavailable"
    title = "Temporarily unavailable"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = max(1, retry_after)


class Overloaded(Unavailable):
    code = "overloaded"
    title = "Too much work waiting"


class DocumentNotReady(Unavailable):
    code = "document_not_ready"
    title = "Document not ready"


class JobQueueFull(Overloaded):
    code = "job_queue_full"
    title = "Too many jobs waiting"


class StoreUnavailable(Unavailable):
    code = "store_unavailable"
    title = "Store not available"


class NotReady(Unavailable):
    code = "not_ready"
    title = "Not ready yet"


class ShuttingDown(Unavailable):
    code = "shutting_down"
    title = "Shutting down"


class DeadlineExceeded(ServiceError):
    """Of no kind that a repair gives up for: nobody is there for what would be left."""

    code = "deadline_exceeded"
    title = "Out of time"


class GenerationFailed(ServiceError):
    code = "generation_failed"
    title = "The model failed on this text"


class OperatorError(ServiceError):
    """Shown on the command line and in the start-up log, never to a client."""

    code = "operator_error"
    title = "Set-up problem"


class ConfigInvalid(OperatorError):
    """A configuration file is wrong: which file, which key, what is expected there."""

    code = "config_invalid"

    def __init__(self, file: str, key: str, expected: str) -> None:
        super().__init__(f"{file}: {key}: {expected}")
        self.file, self.key, self.expected = file, key, expected


class SettingInvalid(OperatorError):
    code = "setting_invalid"


class KeyUnknown(OperatorError):
    code = "key_unknown"


class StoreKeyInvalid(OperatorError):
    code = "store_key_invalid"


class ModelNotInstalled(OperatorError):
    code = "model_not_installed"


class ModelDamaged(OperatorError):
    code = "model_damaged"


class LicenceNotAcknowledged(OperatorError):
    code = "licence_not_acknowledged"


class CorpusInvalid(OperatorError):
    code = "corpus_invalid"


class MeasurementFailed(OperatorError):
    code = "measurement_failed"


class DownloadFailed(OperatorError):
    code = "download_failed"


class ConversionFailed(OperatorError):
    code = "conversion_failed"


class EngineUnavailable(OperatorError):
    code = "engine_unavailable"


class ClusterUnavailable(OperatorError):
    code = "cluster_unavailable"


class WorkerDied(OperatorError):
    code = "worker_died"
