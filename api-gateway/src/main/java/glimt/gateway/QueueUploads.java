package glimt.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import glimt.job.TenantId;
import glimt.json.Json;
import glimt.ledger.Uploads;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files as fal's clients upload them, whose requests for {@code https://rest.fal.ai} are to be sent
 * to {@code /fal}: a client asks for an address, sends the file there without its key, and names
 * the address in the input of a request.
 */
final class QueueUploads {
  static final String INITIATE = "/fal/storage/upload/initiate";

  static final String UPLOAD = "/fal/storage/uploads/{upload}";

  private static final Pattern ADDRESS =
      Pattern.compile("https?://[^?#]+/fal/storage/uploads/([\\w-]{43})");

  /** A file without a type is judged by its bytes. */
  private static final List<String> PICTURES =
      List.of("image/png", "image/jpeg", "application/octet-stream");

  private final RequestContext desk;
  private final Uploads uploads;
  private final InputImages images;
  private final InputClips clips;

  QueueUploads(RequestContext desk, Uploads uploads, InputImages images, InputClips clips) {
    this.desk = desk;
    this.uploads = uploads;
    this.images = images;
    this.clips = clips;
  }

  /** Answers with the address of a file that will come. */
  Future<?> initiate(RoutingContext ctx) {
    TenantId tenant = RequestContext.tenant(ctx);
    String key = Caller.of(ctx).key();
    return Body.json(ctx)
        .map(QueueUploads::type)
        .compose(_ -> desk.ask(() -> uploads.promise(tenant, key)))
        .compose(
            secret -> {
              String address = Links.whole(ctx, UPLOAD.replace("{upload}", secret));
              return RequestContext.answer(
                  ctx,
                  200,
                  Json.mapper()
                      .createObjectNode()
                      .put("upload_url", address)
                      .put("file_url", address));
            });
  }

  /** Refuses a file that will be of no use before it is sent. */
  private static String type(Fields fields) {
    String type = fields.text("content_type");
    fields.text("file_name"); // of no use to a farm
    fields.end();
    if (type == null || !(PICTURES.contains(type) || InputClips.TYPES.contains(type))) {
      throw new InvalidSpec(
          "content_type", "must be one of %s, %s".formatted(PICTURES, InputClips.TYPES));
    }
    return type;
  }

  /** Takes the file. Whoever knows the address may send it, once. */
  Future<?> receive(RoutingContext ctx) {
    String secret = ctx.pathParam("upload");
    HttpServerRequest request = ctx.request().pause(); // nothing is read for a stranger
    return desk.ask(() -> uploads.isAwaited(secret))
        .compose(awaited -> body(ctx, awaited))
        .compose(bytes -> desk.ask(() -> kept(secret, request, bytes)))
        .compose(_ -> RequestContext.answer(ctx, 200, Json.mapper().createObjectNode()));
  }

  private static Future<byte[]> body(RoutingContext ctx, boolean awaited) {
    Future<byte[]> body =
        awaited
            ? Body.file(ctx, types(ctx.request()), InputClips.LIMIT)
            : Future.failedFuture(unknown());
    ctx.request().resume();
    return body;
  }

  private static List<String> types(HttpServerRequest request) {
    return isClip(request) ? InputClips.TYPES : PICTURES;
  }

  private static boolean isClip(HttpServerRequest request) {
    return InputClips.TYPES.contains(request.getHeader(HttpHeaders.CONTENT_TYPE));
  }

  private ArtifactId kept(String secret, HttpServerRequest request, byte[] bytes)
      throws IOException, InterruptedException {
    ArtifactId file = isClip(request) ? clips.put(bytes) : images.put(bytes);
    if (!uploads.fulfil(secret, file)) {
      throw unknown();
    }
    return file;
  }

  private static Problem.ProblemException unknown() {
    return Problem.notFound(
            "no file is awaited here, or no longer; ask for an address with POST " + INITIATE)
        .refusal();
  }

  /**
   * Returns an input with the digests of the files whose addresses it names; blocks.
   *
   * @throws InvalidSpec if a file has not come, or is another tenant's
   */
  ObjectNode resolved(TenantId tenant, ObjectNode input) {
    ObjectNode resolved = input.deepCopy();
    for (Map.Entry<String, JsonNode> field : input.properties()) {
      Matcher address = ADDRESS.matcher(field.getValue().asText());
      if (address.matches()) {
        ArtifactId file =
            uploads
                .find(tenant, address.group(1))
                .orElseThrow(
                    () ->
                        new InvalidSpec(
                            field.getKey(), "is the address of a file that has not come"));
        resolved.put(field.getKey(), file.sha256());
      }
    }
    return resolved;
  }
}
