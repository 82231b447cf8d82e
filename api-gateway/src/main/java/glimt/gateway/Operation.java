package glimt.gateway;

import glimt.ledger.ApiKeys.Scope;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One operation of the contract.
 *
 * @param id its {@code operationId}
 * @param path its path as the contract writes it, such as {@code /v1/jobs/{id}}
 * @param scope what a key needs for it; null if it needs no key
 */
record Operation(
    String id,
    HttpMethod method,
    String path,
    @Nullable Scope scope,
    Handler<RoutingContext> handler) {
  private Operation needing(@Nullable Scope other) {
    return new Operation(id, method, path, other, handler);
  }

  /** The methods it answers: HEAD wherever it answers GET (RFC 9110, section 9.3.2). */
  List<HttpMethod> methods() {
    return method.equals(HttpMethod.GET) ? List.of(method, HttpMethod.HEAD) : List.of(method);
  }

  /** The path in the router's syntax, such as {@code /v1/jobs/:id}. */
  String route() {
    return path.replaceAll("\\{(\\w+)}", ":$1");
  }

  /** All operations of the contract, in its order. */
  static List<Operation> all(
      Gateway.Parts parts, RequestContext desk, WebhookReach reach, Watch.WatchIntervals pace) {
    WebhookRequest hooks = new WebhookRequest(reach);
    InputImages images = new InputImages(desk, parts.artifacts());
    InputClips clips = new InputClips(desk, parts.artifacts(), parts.inspector());
    Submission submission =
        new Submission(
            parts.jobs(),
            parts.tenants(),
            parts.forecasts(),
            parts.bundles(),
            parts.farm(),
            parts.samplers(),
            new InputCheck(parts.bundles(), images, clips),
            parts.prompts(),
            parts.audit());
    TenantRoutes tenants = new TenantRoutes(desk, parts.tenants());
    UsageRoutes usage = new UsageRoutes(desk, parts.usage());
    Download download = new Download(desk, parts.artifacts(), parts.tasks(), parts.farm());
    Cancelling cancelling = new Cancelling(desk, parts.jobs(), parts.farm());
    DraftRoutes drafts = new DraftRoutes(desk, parts, submission);
    JobRoutes jobs =
        new JobRoutes(
            desk,
            parts.jobs(),
            parts.forecasts(),
            parts.farm(),
            submission,
            parts.webhooks(),
            hooks,
            cancelling,
            download,
            drafts);
    SharedReads reads = new SharedReads(desk, parts.events());
    EventSweep sweep = new EventSweep(desk, parts.events(), pace.readEvery());
    Watching watching = new Watching(desk, parts.events(), reads, sweep, parts.farm(), pace);
    VideoRoutes videos =
        new VideoRoutes(desk, parts, submission, images, hooks, cancelling, download);
    FarmRoutes farm =
        new FarmRoutes(
            desk,
            parts.bundles(),
            parts.tasks(),
            parts.workers(),
            parts.nodes(),
            parts.farm(),
            parts.samplers());
    Verification verification =
        new Verification(desk, parts.jobs(), parts.signers(), parts.inspector());
    List<Operation> all = new ArrayList<>();
    all.add(post("submitJob", "/v1/jobs", jobs::submit));
    all.add(get("listJobs", "/v1/jobs", jobs::list));
    all.add(get("findJob", "/v1/jobs/{id}", jobs::find));
    all.add(operation("changeJob", HttpMethod.PATCH, "/v1/jobs/{id}", jobs::change));
    all.add(operation("deleteJob", HttpMethod.DELETE, "/v1/jobs/{id}", jobs::delete));
    all.add(post("cancelJob", "/v1/jobs/{id}/cancel", jobs::cancel));
    all.add(post("retryJob", "/v1/jobs/{id}/retry", jobs::retry));
    all.add(post("refineJob", "/v1/jobs/{id}/refine", drafts::refine));
    all.add(post("stopJob", "/v1/jobs/{id}/stop", drafts::stop));
    all.add(get("watchJob", "/v1/jobs/{id}/events", watching::watch));
    all.add(get("watchJobs", "/v1/events", watching::watchAll));
    WebhookRoutes webhooks = new WebhookRoutes(desk, parts.webhooks(), parts.webhookSecrets());
    all.add(get("findWebhook", "/v1/jobs/{id}/webhook", webhooks::find));
    all.add(post("replayWebhook", "/v1/jobs/{id}/webhook/{seq}/replay", webhooks::replay));
    all.add(get("webhookSecret", WebhookRoutes.SECRET, webhooks::secret).needing(Scope.SUBMIT));
    all.add(post("rotateWebhookSecret", WebhookRoutes.SECRET, webhooks::rotate));
    all.add(get("getArtifact", "/v1/jobs/{id}/artifacts/{artifact}", jobs::artifact));
    all.add(post("uploadImage", "/v1/images", images::upload));
    Awaiting waiting = new Awaiting(desk, parts, reads, sweep, pace);
    ImageRoutes pictures = new ImageRoutes(desk, submission, hooks, download, waiting);
    all.add(post("generateImages", ImageRoutes.PATH, pictures::generate));
    all.add(post("uploadClip", "/v1/clips", clips::upload));
    all.add(post("verifyFile", "/v1/verify", verification::verify).needing(Scope.READ));
    all.add(post("createVideo", VideoRoutes.PREFIX, videos::create));
    all.add(get("listVideos", VideoRoutes.PREFIX, videos::list));
    all.add(get("retrieveVideo", VideoRoutes.PREFIX + "/{id}", videos::retrieve));
    all.add(
        operation("deleteVideo", HttpMethod.DELETE, VideoRoutes.PREFIX + "/{id}", videos::delete));
    all.add(post("cancelVideo", VideoRoutes.PREFIX + "/{id}/cancel", videos::cancel));
    all.add(post("remixVideo", VideoRoutes.PREFIX + "/{id}/remix", videos::remix));
    all.add(get("videoContent", VideoRoutes.PREFIX + "/{id}/content", videos::content));
    CloudRoutes clouds = new CloudRoutes(desk, parts, submission, hooks, cancelling, download);
    String cloud = CloudRoutes.PREFIX + "/{id}";
    all.add(post("createCloud", CloudRoutes.PREFIX, clouds::create));
    all.add(get("listClouds", CloudRoutes.PREFIX, clouds::list));
    all.add(get("retrieveCloud", cloud, clouds::retrieve));
    all.add(operation("deleteCloud", HttpMethod.DELETE, cloud, clouds::delete));
    all.add(post("cancelCloud", cloud + "/cancel", clouds::cancel));
    all.add(post("remixCloud", cloud + "/remix", clouds::remix));
    all.add(get("cloudContent", cloud + "/content", clouds::content));
    PredictionRoutes predictions =
        new PredictionRoutes(desk, parts, submission, hooks, images, cancelling, waiting);
    String predicted = PredictionRoutes.PATH + "/{id}";
    all.add(post("createPrediction", PredictionRoutes.PATH, predictions::create));
    all.add(get("listPredictions", PredictionRoutes.PATH, predictions::list));
    all.add(get("findPrediction", predicted, predictions::find));
    all.add(post("cancelPrediction", predicted + "/cancel", predictions::cancel));
    all.add(post("predictWith", "/v1/models/{owner}/{name}/predictions", predictions::createOf));
    all.add(post("uploadFile", HostedRequest.FILES, predictions::upload));
    QueueUploads files = new QueueUploads(desk, parts.uploads(), images, clips);
    all.add(post("initiateUpload", QueueUploads.INITIATE, files::initiate));
    all.add(
        operation("receiveUpload", HttpMethod.PUT, QueueUploads.UPLOAD, files::receive)
            .needing(null));
    QueueRoutes queue = new QueueRoutes(desk, parts, submission, files, hooks, cancelling, waiting);
    all.add(post("enqueue", QueueRoutes.PATH, queue::submit));
    all.add(post("runModel", QueueRoutes.RUN, queue::run));
    all.add(post("streamModel", QueueRoutes.RUN_STREAM, queue::runStream));
    all.add(get("queueStatusStream", QueueRoutes.REQUEST + "/status/stream", queue::stream));
    all.add(get("queueStatus", QueueRoutes.REQUEST + "/status", queue::status));
    all.add(get("queueResult", QueueRoutes.REQUEST, queue::result));
    all.add(
        operation("queueCancel", HttpMethod.PUT, QueueRoutes.REQUEST + "/cancel", queue::cancel));
    all.add(get("listModels", "/v1/models", farm::models));
    all.add(get("listWorkers", "/v1/workers", farm::workers));
    all.add(get("listNodes", "/v1/nodes", farm::nodes));
    all.add(get("listTenants", "/v1/tenants", tenants::list).needing(Scope.ADMIN));
    all.add(
        operation("setTenant", HttpMethod.PUT, "/v1/tenants/{tenant}", tenants::set)
            .needing(Scope.ADMIN));
    all.add(get("usage", "/v1/usage", usage::usage).needing(Scope.READ));
    all.add(get("usageOfWorkers", "/v1/usage/workers", usage::workers).needing(Scope.ADMIN));
    KeyRoutes keys = new KeyRoutes(desk, parts.keys());
    all.add(post("createKey", "/v1/keys", keys::create).needing(Scope.ADMIN));
    all.add(get("listKeys", "/v1/keys", keys::list).needing(Scope.ADMIN));
    all.add(
        operation("revokeKey", HttpMethod.DELETE, "/v1/keys/{key}", keys::revoke)
            .needing(Scope.ADMIN));
    AuditRoutes audit = new AuditRoutes(desk, parts.audit());
    all.add(get("listAudit", "/v1/audit", audit::list).needing(Scope.ADMIN));
    all.add(
        operation("keepPrompts", HttpMethod.PUT, "/v1/audit/prompts", audit::keepPrompts)
            .needing(Scope.ADMIN));
    all.add(post("verifyAudit", "/v1/audit/verify", audit::verify).needing(Scope.ADMIN));
    all.add(post("createTicket", "/v1/tickets", keys::ticket).needing(Scope.READ));
    all.add(get("health", "/healthz", farm::health).needing(null));
    all.add(file("contract", "/openapi.yaml", "/openapi.yaml", "application/yaml"));
    all.add(file("page", "/", "/web/index.html", "text/html; charset=utf-8"));
    all.add(get("pageFile", "/web/{file}", new PageFiles()::send).needing(null));
    return List.copyOf(all);
  }

  private static Operation get(String id, String path, Function<RoutingContext, Future<?>> route) {
    return operation(id, HttpMethod.GET, path, route);
  }

  private static Operation post(String id, String path, Function<RoutingContext, Future<?>> route) {
    return operation(id, HttpMethod.POST, path, route);
  }

  private static Operation file(String id, String path, String resource, String mediaType) {
    Web web = Web.of(resource, mediaType);
    return get(id, path, web::send).needing(null);
  }

  private static Operation operation(
      String id, HttpMethod method, String path, Function<RoutingContext, Future<?>> route) {
    Scope scope = method.equals(HttpMethod.GET) ? Scope.READ : Scope.SUBMIT;
    return new Operation(id, method, path, scope, RequestContext.answering(route));
  }
}
