package glimt.gateway;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * One operation of the contract.
 *
 * @param id its {@code operationId}
 * @param path its path as the contract writes it, such as {@code /v1/jobs/{id}}
 */
record Operation(String id, HttpMethod method, String path, Handler<RoutingContext> handler) {
  /** The methods it answers: HEAD wherever it answers GET (RFC 9110, section 9.3.2). */
  List<HttpMethod> methods() {
    return method.equals(HttpMethod.GET) ? List.of(method, HttpMethod.HEAD) : List.of(method);
  }

  /** The path in the router's syntax, such as {@code /v1/jobs/:id}. */
  String route() {
    return path.replaceAll("\\{(\\w+)}", ":$1");
  }

  /** All operations of the contract, in its order. */
  static List<Operation> all(Gateway.Parts parts, RequestContext desk, Watch.WatchIntervals pace) {
    InputImages images = new InputImages(desk, parts.artifacts());
    Submission submission =
        new Submission(
            parts.jobs(),
            parts.tenants(),
            parts.forecasts(),
            parts.bundles(),
            parts.farm(),
            parts.samplers(),
            images);
    TenantRoutes tenants = new TenantRoutes(desk, parts.tenants());
    UsageRoutes usage = new UsageRoutes(desk, parts.usage());
    Download download = new Download(desk, parts.artifacts(), parts.tasks(), parts.farm());
    JobRoutes jobs =
        new JobRoutes(desk, parts.jobs(), parts.forecasts(), parts.farm(), submission, download);
    Watching watching = new Watching(desk, parts.events(), parts.farm(), pace);
    VideoRoutes videos = new VideoRoutes(desk, parts, submission, download);
    FarmRoutes farm =
        new FarmRoutes(
            desk,
            parts.bundles(),
            parts.tasks(),
            parts.workers(),
            parts.nodes(),
            parts.farm(),
            parts.samplers());
    Verification verification = new Verification(desk, parts.jobs(), parts.inspector());
    List<Operation> all = new ArrayList<>();
    all.add(post("submitJob", "/v1/jobs", jobs::submit));
    all.add(get("listJobs", "/v1/jobs", jobs::list));
    all.add(get("findJob", "/v1/jobs/{id}", jobs::find));
    all.add(operation("changeJob", HttpMethod.PATCH, "/v1/jobs/{id}", jobs::change));
    all.add(post("cancelJob", "/v1/jobs/{id}/cancel", jobs::cancel));
    all.add(post("retryJob", "/v1/jobs/{id}/retry", jobs::retry));
    all.add(get("watchJob", "/v1/jobs/{id}/events", watching::watch));
    all.add(get("getArtifact", "/v1/jobs/{id}/artifacts/{artifact}", jobs::artifact));
    all.add(post("uploadImage", "/v1/images", images::upload));
    all.add(post("verifyFile", "/v1/verify", verification::verify));
    all.add(post("createVideo", VideoRoutes.PREFIX, videos::create));
    all.add(get("listVideos", VideoRoutes.PREFIX, videos::list));
    all.add(get("retrieveVideo", VideoRoutes.PREFIX + "/{id}", videos::retrieve));
    all.add(
        operation("deleteVideo", HttpMethod.DELETE, VideoRoutes.PREFIX + "/{id}", videos::delete));
    all.add(get("videoContent", VideoRoutes.PREFIX + "/{id}/content", videos::content));
    all.add(get("listModels", "/v1/models", farm::models));
    all.add(get("listWorkers", "/v1/workers", farm::workers));
    all.add(get("listNodes", "/v1/nodes", farm::nodes));
    all.add(get("listTenants", "/v1/tenants", tenants::list));
    all.add(operation("setTenant", HttpMethod.PUT, "/v1/tenants/{tenant}", tenants::set));
    all.add(get("usage", "/v1/usage", usage::usage));
    all.add(get("usageOfWorkers", "/v1/usage/workers", usage::workers));
    all.add(get("health", "/healthz", farm::health));
    all.add(file("contract", "/openapi.yaml", "/openapi.yaml", "application/yaml"));
    all.add(file("page", "/", "/web/index.html", "text/html; charset=utf-8"));
    all.add(file("pageScript", "/glimt.js", "/web/glimt.js", "text/javascript; charset=utf-8"));
    all.add(file("pageStage", "/stage.js", "/web/stage.js", "text/javascript; charset=utf-8"));
    all.add(file("pageStyle", "/glimt.css", "/web/glimt.css", "text/css; charset=utf-8"));
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
    return get(id, path, web::send);
  }

  private static Operation operation(
      String id, HttpMethod method, String path, Function<RoutingContext, Future<?>> route) {
    return new Operation(id, method, path, RequestContext.answering(route));
  }
}
