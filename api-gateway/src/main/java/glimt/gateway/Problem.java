package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.InvalidSpec;
import glimt.job.JobState;
import glimt.json.Json;
import glimt.ledger.QuotaExceeded;
import glimt.storage.StorageException;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Why a request was refused: as problem details (RFC 9457), or as the error object that clients of
 * {@code /v1/videos} expect.
 *
 * @param status the HTTP status of the answer
 * @param type the last part of the problem's URN, for programs
 * @param title the same for every problem of a type
 * @param detail for people: the cause, and what would be accepted instead
 * @param field the field, parameter or header at fault; null if there is none
 * @param headers further headers of the answer
 */
record Problem(
    int status,
    String type,
    String title,
    String detail,
    @Nullable String field,
    Map<String, String> headers) {

  private static final String BLOCKED = "moderation-blocked";

  /** The code by which fal's clients know it. */
  private static final String POLICY_VIOLATION = "content_policy_violation";

  /** The header by which a client marks a request as the repetition of an earlier one. */
  static final String IDEMPOTENCY_KEY = "Idempotency-Key";

  /** Carries a problem to where it is answered. Has no stack trace: refusals are no defects. */
  static final class ProblemException extends RuntimeException {
    private final transient Problem problem;

    private ProblemException(Problem problem, @Nullable Throwable cause) {
      super(problem.detail, cause, false, false);
      this.problem = problem;
    }

    Problem problem() {
      return problem;
    }
  }

  static Problem invalid(String field, String detail) {
    return new Problem(400, "invalid", "Invalid field", detail, field, Map.of());
  }

  /**
   * Refuses what the content filter stopped, by the code that OpenAI's clients know.
   *
   * @param reason one sentence
   */
  static Problem blocked(@Nullable String reason) {
    return new Problem(
        400,
        BLOCKED,
        "Blocked by the content filter",
        Objects.requireNonNullElse(reason, "the content filter stopped it"),
        null,
        Map.of());
  }

  static Problem malformed(String detail) {
    return new Problem(400, "malformed", "Malformed request", detail, null, Map.of());
  }

  static Problem stranger(String detail) {
    return new Problem(
        401, "stranger", "Key required", detail, null, Map.of("WWW-Authenticate", "Bearer"));
  }

  static Problem forbidden(String detail) {
    return new Problem(403, "forbidden", "Not allowed", detail, null, Map.of());
  }

  /**
   * Refuses a request beyond the rate of its key.
   *
   * @param wait after how many milliseconds the next one is admitted
   */
  static Problem tooOften(double rate, long wait) {
    return new Problem(
        429,
        "too-often",
        "Too many requests",
        "this key may send %s requests a second; the next one is admitted in %s ms"
            .formatted(rate, wait),
        null,
        Map.of(
            "Retry-After",
            Long.toString((wait + 999) / 1000),
            "retry-after-ms",
            Long.toString(wait)));
  }

  static Problem foreign(String detail) {
    return new Problem(403, "foreign", "Foreign origin", detail, null, Map.of());
  }

  static Problem notFound(String what) {
    return new Problem(404, "not-found", "Not found", what, null, Map.of());
  }

  static Problem nothing(String offered) {
    return notFound("no operation has this path" + offered);
  }

  static Problem method(Set<String> allowed, String offered) {
    String methods = String.join(", ", allowed);
    return new Problem(
        405,
        "method",
        "Method not allowed",
        "the path does not support this method; it supports " + methods + offered,
        null,
        Map.of("Allow", methods));
  }

  static Problem slow(String detail) {
    return new Problem(
        408, "slow", "Request took too long", detail, null, Map.of("Connection", "close"));
  }

  /** Asks clients that retry automatically not to, as the answer will not change soon. */
  static Problem notReady(String detail) {
    return new Problem(
        409, "not-ready", "Not ready", detail, null, Map.of("x-should-retry", "false"));
  }

  /** Refuses to go on with a job whose model no worker has any more. */
  static Problem modelGone(String model) {
    return new Problem(
        409,
        "model-gone",
        "Model gone",
        "no worker has the model %s of this job any more; install its bundle on a worker's node"
            .formatted(model),
        null,
        Map.of("x-should-retry", "false"));
  }

  /**
   * Refuses to change a job that has ended.
   *
   * @param so what follows for this request
   */
  static Problem ended(JobState state, String so) {
    String word = JobDocument.word(state);
    return new Problem(
        409,
        "ended",
        "The job has ended",
        "the job has ended as %s, which is final; %s".formatted(word, so),
        null,
        Map.of("x-should-retry", "false"));
  }

  static Problem notEnded(JobState state) {
    return new Problem(
        409,
        "not-ended",
        "The job has not ended",
        "the job is %s; wait until it ends, or cancel it first".formatted(JobDocument.word(state)),
        null,
        Map.of("x-should-retry", "false"));
  }

  /** For APIs whose answer is the result: the job ended without one, and would again. */
  static Problem failed(String why) {
    return new Problem(
        500, "failed", "The job failed", why, null, Map.of("x-should-retry", "false"));
  }

  static Problem lost() {
    return new Problem(
        410,
        "lost",
        "File lost",
        "the file is missing or damaged and this job cannot make it again, because it was cut"
            + " short or making it failed; retry the job",
        null,
        Map.of());
  }

  static Problem remaking() {
    return new Problem(
        503,
        "remaking",
        "File being made again",
        "the file was missing or damaged; it is being made again with the same bytes, so ask again"
            + " in a few seconds",
        null,
        Map.of("Retry-After", "5"));
  }

  static Problem keyReused() {
    return new Problem(
        422,
        "key-reused",
        "Key used for another request",
        "this key was sent before with a different request; send a new key with each new request",
        IDEMPOTENCY_KEY,
        Map.of());
  }

  /** Refuses a job beyond a tenant's quota. */
  static Problem quota(QuotaExceeded quota) {
    return new Problem(
        429,
        "quota",
        "Quota exceeded",
        String.valueOf(quota.getMessage()),
        null,
        Map.of("Retry-After", Integer.toString(quota.retryAfter())));
  }

  static Problem changed() {
    return new Problem(
        412,
        "changed",
        "Precondition failed",
        "the file's ETag is not among those in If-Match",
        "If-Match",
        Map.of());
  }

  static Problem tooLarge(int limit) {
    return new Problem(
        413,
        "too-large",
        "Body too large",
        "the body is too large; it may have at most %s bytes".formatted(limit),
        null,
        Map.of("Connection", "close"));
  }

  static Problem mediaType(String allowed) {
    return new Problem(
        415,
        "media-type",
        "Wrong content type",
        "the Content-Type must be " + allowed,
        null,
        Map.of());
  }

  static Problem encoding(String detail) {
    return new Problem(
        415,
        "encoding",
        "Unsupported encoding",
        detail,
        null,
        Map.of("Accept-Encoding", "gzip, deflate"));
  }

  static Problem range(long length) {
    return new Problem(
        416,
        "range",
        "Range not satisfiable",
        "the range begins beyond the end of the file, which has %s bytes".formatted(length),
        "Range",
        Map.of("Content-Range", "bytes */" + length));
  }

  static Problem misdirected(String detail) {
    return new Problem(421, "misdirected", "Misdirected request", detail, "Host", Map.of());
  }

  static Problem unavailable(String detail) {
    return new Problem(503, "unavailable", "Unavailable", detail, null, Map.of("Retry-After", "5"));
  }

  /** For requests that the HTTP parser rejects before any route sees them. */
  static Problem framing(int status) {
    return switch (status) {
      case 414 ->
          new Problem(
              414,
              "uri-too-long",
              "URI too long",
              "the request line is longer than %s bytes".formatted(Gateway.URI_LIMIT),
              null,
              Map.of());
      case 431 ->
          new Problem(
              431,
              "headers-too-large",
              "Headers too large",
              "the headers are larger than %s bytes".formatted(Gateway.HEADERS_LIMIT),
              null,
              Map.of());
      default -> malformed("the request is not valid HTTP/1.1 (RFC 9112)");
    };
  }

  /** The problem that a failure is shown as. It gives nothing internal away. */
  static Problem of(Throwable failure) {
    return switch (failure) {
      case ProblemException refusal -> refusal.problem();
      case InvalidSpec invalid -> invalid(invalid.field(), says(invalid));
      case QuotaExceeded quota -> quota(quota);
      case PromptCheck.NoDecision unasked -> unavailable(String.valueOf(unasked.getMessage()));
      case StorageException _ ->
          unavailable("the farm's database cannot be reached or written; try again in a while");
      case TimeoutException _ ->
          unavailable("the farm's coordinator did not answer in time; try again");
      default ->
          new Problem(
              500,
              "internal",
              "Internal error",
              "the gateway failed to handle the request; its log has the cause under this answer's"
                  + " x-request-id",
              null,
              Map.of());
    };
  }

  private static String says(InvalidSpec invalid) {
    String message = invalid.getMessage();
    return message == null ? "is not valid" : message;
  }

  /**
   * The same problem with the status that fal's clients expect: 422 for a wrong field or prompt.
   */
  Problem ofQueue() {
    return status == 400 && (field != null || type.equals(BLOCKED))
        ? new Problem(422, type, title, detail, field, headers)
        : this;
  }

  /** The error object that fal's clients expect. */
  ObjectNode queueError() {
    ObjectNode body =
        Json.mapper()
            .createObjectNode()
            .put("message", field == null ? detail : field + ": " + detail);
    ObjectNode error = body.putArray("detail").addObject().put("msg", detail);
    error.put("type", type.equals(BLOCKED) ? POLICY_VIOLATION : type);
    error.putArray("loc").add("body").add(field);
    return body;
  }

  ProblemException refusal() {
    return new ProblemException(this, null);
  }

  ProblemException refusal(Throwable cause) {
    return new ProblemException(this, cause);
  }

  /**
   * The same problem with its field under another name.
   *
   * @param names the name that the client used, by the name of the field in a {@link JobRequest}
   */
  Problem renamed(Map<String, String> names) {
    return field == null
        ? this
        : new Problem(status, type, title, detail, names.getOrDefault(field, field), headers);
  }

  /** The problem details of RFC 9457. */
  ObjectNode details() {
    ObjectNode body =
        Json.mapper()
            .createObjectNode()
            .put("type", "urn:glimt:problem:" + type)
            .put("title", title)
            .put("status", status)
            .put("detail", detail);
    return field == null ? body : body.put("field", field);
  }

  /** The error object that OpenAI's clients expect. */
  ObjectNode openAiError() {
    ObjectNode body = Json.mapper().createObjectNode();
    body.putObject("error")
        .put("message", field == null ? detail : field + ": " + detail)
        .put("type", status < 500 ? "invalid_request_error" : "server_error")
        .put("code", type.replace('-', '_'))
        .put("param", field);
    return body;
  }
}
