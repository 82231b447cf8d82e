package glimt.gateway;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.coordinator.Farm;
import glimt.coordinator.Node;
import glimt.coordinator.Protocol.WorkerView;
import glimt.job.Format;
import glimt.job.WorkerId;
import glimt.json.Json;
import glimt.ledger.ApiKeys.Scope;
import glimt.ledger.Bundles;
import glimt.ledger.Nodes;
import glimt.ledger.Tasks;
import glimt.ledger.Workers;
import glimt.model.BundleCard;
import glimt.model.EarlyEnd;
import glimt.model.Fast;
import glimt.model.Level;
import glimt.model.WordList;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** The operations that list models, workers and nodes, and the health check. */
final class FarmRoutes {
  private static final long PATIENCE_SECONDS = 5;

  private final RequestContext desk;
  private final Bundles bundles;
  private final Tasks tasks;
  private final Workers workers;
  private final Nodes nodes;
  private final Farm farm;
  private final List<String> samplers;

  FarmRoutes(
      RequestContext desk,
      Bundles bundles,
      Tasks tasks,
      Workers workers,
      Nodes nodes,
      Farm farm,
      List<String> samplers) {
    this.desk = desk;
    this.bundles = bundles;
    this.tasks = tasks;
    this.workers = workers;
    this.nodes = nodes;
    this.farm = farm;
    this.samplers = List.copyOf(samplers);
  }

  Future<?> models(RoutingContext ctx) {
    return desk.ask(bundles::offers)
        .compose(
            offers -> {
              ObjectNode body = Json.mapper().createObjectNode();
              ArrayNode models = body.putArray("models");
              offers.forEach(
                  offer ->
                      models.add(
                          model(offer.bundle())
                              .put("standing", JobDocument.word(offer.standing()))));
              samplers.forEach(body.putArray("samplers")::add);
              return RequestContext.answer(ctx, 200, body);
            });
  }

  Future<?> workers(RoutingContext ctx) {
    Future<Map<WorkerId, Instant>> drained = desk.ask(workers::drained);
    Future<Map<String, Long>> late = desk.ask(tasks::lateWords);
    Future<Integer> expected = desk.ask(() -> expected(nodes.list()));
    boolean admin = Caller.of(ctx).may(Scope.ADMIN);
    Future<List<WorkerView>> here = desk.within(PATIENCE_SECONDS, farm.workers());
    return Future.all(drained, late, expected, here)
        .compose(
            _ -> {
              ObjectNode body = Json.mapper().createObjectNode();
              ArrayNode all = body.putArray("workers");
              here.result()
                  .forEach(
                      view -> {
                        Instant since = drained.result().get(view.worker().id());
                        all.add(
                            worker(view, admin)
                                .put("drained", since == null ? null : since.toString()));
                      });
              body.put("expected", expected.result());
              body.set("lateWords", Json.mapper().valueToTree(late.result()));
              return RequestContext.answer(ctx, 200, body);
            });
  }

  Future<?> nodes(RoutingContext ctx) {
    return desk.ask(nodes::list)
        .compose(
            entries -> {
              ObjectNode body = Json.mapper().createObjectNode();
              ArrayNode list = body.putArray("nodes");
              entries.forEach(entry -> list.add(node(entry)));
              return RequestContext.answer(ctx, 200, body);
            });
  }

  /** Healthy means that the ledger can be reached: without it no job can be accepted. */
  Future<?> health(RoutingContext ctx) {
    return desk.ask(nodes::list)
        .compose(
            entries -> {
              ObjectNode body = Json.mapper().createObjectNode().put("status", "ok");
              ObjectNode counts = body.putObject("nodes");
              for (Node.NodeRole role : Node.NodeRole.values()) {
                counts.put(
                    role.word(),
                    entries.stream()
                        .filter(Nodes.NodeStatus::lives)
                        .filter(entry -> entry.node().roles().contains(role.word()))
                        .count());
              }
              return RequestContext.answer(ctx, 200, body);
            });
  }

  /** Returns how many workers the living nodes run, including those that are starting. */
  private static int expected(List<Nodes.NodeStatus> nodes) {
    return nodes.stream()
        .filter(Nodes.NodeStatus::lives)
        .mapToInt(node -> node.node().workers())
        .sum();
  }

  private static ObjectNode node(Nodes.NodeStatus entry) {
    Nodes.Self self = entry.node();
    ObjectNode out =
        Json.mapper()
            .createObjectNode()
            .put("name", self.name())
            .put("address", self.address())
            .put("version", self.version())
            .put("pid", self.pid())
            .put("http", self.http().map(Object::toString).orElse(null))
            .put("started", entry.started().toString())
            .put("lives", entry.lives());
    self.roles().forEach(out.putArray("roles")::add);
    return out;
  }

  private static ObjectNode model(Bundles.CatalogueEntry entry) {
    BundleCard card = entry.card();
    ObjectNode out =
        Json.mapper()
            .createObjectNode()
            .put("name", card.name())
            .put("kind", JobDocument.word(card.kind()))
            .put("summary", card.summary())
            .put("licence", card.licence())
            .put("card", entry.digest().sha256())
            .put("fps", card.fps());
    Format.of(card.kind()).forEach(format -> out.withArray("formats").add(format.ending()));
    ArrayNode inputs = out.putArray("inputs");
    if (card.readsPrompt()) {
      inputs.add("prompt");
    }
    if (card.takesPicture()) {
      inputs.add("input_image");
    }
    if (card.takesClip()) {
      inputs.add("input_video");
    }
    ArrayNode levels = out.putArray("levels");
    card.levels().forEach(level -> levels.add(level(level)));
    if (card.reader() instanceof WordList vocabulary) {
      ObjectNode words = out.putObject("vocabulary").put("length", vocabulary.length());
      vocabulary.words().forEach(words.putArray("words")::add);
      words.set("synonyms", Json.mapper().valueToTree(vocabulary.synonyms()));
      vocabulary.ignored().stream().sorted().forEach(words.putArray("ignored")::add);
    } else {
      out.putNull("vocabulary");
    }
    ArrayNode loras = out.putArray("loras");
    card.offeredLoras()
        .forEach(
            lora ->
                loras
                    .addObject()
                    .put("name", lora.name())
                    .put("sha256", card.files().get(lora.file())));
    out.set("notes", Json.mapper().valueToTree(card.notes()));
    return out;
  }

  private static ObjectNode level(Level level) {
    ObjectNode out = Json.mapper().createObjectNode().put("name", level.name());
    ObjectNode extent = out.putObject("extent");
    for (int axis = 0; axis < level.axes().size(); axis++) {
      extent.put(level.axes().get(axis).name(), level.seen().get(axis));
    }
    Fast fast = level.fast();
    EarlyEnd early = level.earlyEnd();
    return out.put("segments", level.segments().size())
        .put("sampler", level.sampling().sampler())
        .put("steps", level.sampling().steps())
        .put("guidance", level.sampling().guidance().weight())
        .put("fastSteps", fast == null ? null : fast.sampling().steps())
        .put("tolerance", early == null ? null : early.tolerance());
  }

  /** Whose job a worker does is shown to admins only. */
  private static ObjectNode worker(WorkerView view, boolean admin) {
    ObjectNode out =
        Json.mapper()
            .createObjectNode()
            .put("id", view.worker().id().value())
            .put("pid", view.worker().pid())
            .put("device", view.worker().device())
            .put("numericClass", view.worker().numericClass());
    ObjectNode models = out.putObject("models");
    view.worker().bundles().forEach((name, digest) -> models.put(name, digest.sha256()));
    out.putNull("task");
    view.lease()
        .ifPresent(
            lease -> {
              ObjectNode task =
                  out.putObject("task")
                      .put("id", lease.task().value())
                      .put("attempt", lease.attempt())
                      .put("step", view.step());
              view.job().filter(_ -> admin).ifPresent(job -> task.put("job", job.toString()));
            });
    return out;
  }
}
