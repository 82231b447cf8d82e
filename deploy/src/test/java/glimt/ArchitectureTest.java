package glimt;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.MethodCallTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import glimt.coordinator.Protocol;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.StringEntry;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Checks the map in the README and other rules of the architecture on the class files. */
class ArchitectureTest {
  private static final JavaClasses GLIMT =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("glimt");

  /** A list of absent things in a package-info begins with "no", after a full stop or a colon. */
  private static final Pattern ABSENCES = Pattern.compile("(?:<p>|[.:] )([Nn]o [^.:{]*)");

  private static final Pattern ABSENCE = Pattern.compile("\\b[Nn]o ([A-Za-z/]+(?: text)?)");

  private static final Pattern SQL =
      Pattern.compile("(?s)\\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP)\\s.*");

  private static final String[] DATABASES = {
    "java.sql..", "javax.sql..", "org.postgresql..", "com.zaxxer..", "org.flywaydb.."
  };

  /** The packages that may use JDBC; the embedded server connects to check whether it is up. */
  private static final String[] SQL_SPEAKERS = {"glimt.ledger..", "glimt.postgres.."};

  /** Treats each package as a slice of its own, without its subpackages. */
  private static final SliceAssignment WHOLE_PACKAGES =
      new SliceAssignment() {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
          return SliceIdentifier.of(type.getPackageName());
        }

        @Override
        public String getDescription() {
          return "whole packages";
        }
      };

  /** A class of the ledger counts together with what is nested in it. */
  private static final SliceAssignment LEDGER_CLASSES =
      new SliceAssignment() {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
          return type.getPackageName().equals("glimt.ledger")
              ? SliceIdentifier.of(outermost(type).getSimpleName())
              : SliceIdentifier.ignore();
        }

        @Override
        public String getDescription() {
          return "classes of the ledger";
        }
      };

  /** The packages that take part in generation. */
  private static final String[] GENERATION = {
    "glimt.worker..",
    "glimt.pipeline..",
    "glimt.diffusion..",
    "glimt.bundle..",
    "glimt.media..",
    "glimt.training..",
    "glimt.metrics..",
    "glimt.generation..",
    "glimt.image..",
    "glimt.video..",
    "glimt.points.."
  };

  /** The rule that each absence in a package-info stands for. */
  private static final Map<String, ArchCondition<JavaClass>> ABSENT =
      Map.ofEntries(
          entry("actors", useNothingOf("org.apache.pekko..")),
          entry("HTTP", useNothingOf("io.vertx..", "java.net.http..", "com.sun.net.httpserver..")),
          entry("tensors", useNothingOf("ai.djl..")),
          entry("JSON", useNothingOf("com.fasterxml.jackson..")),
          entry(
              "I/O",
              useNothingOf("java.io..", "java.nio.file..", "java.nio.channels..", "java.net..")),
          entry("files", useNothingOf("java.io..", "java.nio.file..", "java.nio.channels..")),
          entry("SQL", useNothingOf(DATABASES).and(holdNoSql())),
          entry("SQL text", holdNoSql()),
          entry("clock", readNoClock()),
          entry("randomness", useNothingOf("java.util.random..", "java.security..")),
          entry("worker", useNothingOf(GENERATION)));

  /** All absences of all packages, as written in their package-info. */
  @TestFactory
  Stream<DynamicTest> what_a_package_says_is_absent_is_absent() {
    return packages().entrySet().stream()
        .flatMap(
            room ->
                absences(room.getValue()).stream()
                    .map(
                        absence ->
                            DynamicTest.dynamicTest(
                                room.getKey() + ": no " + absence,
                                () -> isAbsent(room.getKey(), absence))));
  }

  private static void isAbsent(String room, String absence) {
    assertThat(ABSENT).as("what a package-info may rule out").containsKey(absence);
    classes()
        .that()
        .resideInAPackage(room)
        .should(ABSENT.get(absence))
        .as(room + ": no " + absence)
        .check(GLIMT);
  }

  @Test
  void every_package_says_what_it_is_and_is_null_marked() {
    Set<String> rooms =
        GLIMT.stream().map(JavaClass::getPackageName).collect(Collectors.toUnmodifiableSet());
    assertThat(packages().keySet()).containsAll(rooms);
    for (String room : rooms) {
      assertThat(GLIMT.getPackage(room).isAnnotatedWith(NullMarked.class))
          .as(room + " is @NullMarked")
          .isTrue();
    }
  }

  @Test
  void packages_are_free_of_cycles() {
    slices().assignedFrom(WHOLE_PACKAGES).should().beFreeOfCycles().check(GLIMT);
  }

  @Test
  void the_classes_of_the_ledger_are_free_of_cycles() {
    slices().assignedFrom(LEDGER_CLASSES).should().beFreeOfCycles().check(GLIMT);
  }

  @Test
  void the_ledger_is_the_only_package_that_speaks_SQL() {
    noClasses()
        .that()
        .resideOutsideOfPackages(SQL_SPEAKERS)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(DATABASES)
        .check(GLIMT);
    classes().that().resideOutsideOfPackages(SQL_SPEAKERS).should(holdNoSql()).check(GLIMT);
  }

  @Test
  void bundle_is_the_only_user_of_DJLs_model_loading() {
    noClasses()
        .that()
        .resideOutsideOfPackage("glimt.bundle..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("ai.djl.repository..", "ai.djl.inference..", "ai.djl.translate..")
        .check(GLIMT);
  }

  @Test
  void actors_speak_only_where_people_work_together() {
    onlyIn("org.apache.pekko..", "glimt.coordinator..", "glimt.worker..", "glimt.deploy..");
  }

  @Test
  void HTTP_is_served_only_by_the_gateway() {
    onlyIn("io.vertx..", "glimt.gateway..", "glimt.deploy..");
  }

  @Test
  void tensors_stay_where_pictures_are_made() {
    onlyIn(
        "ai.djl..",
        "glimt.diffusion..",
        "glimt.bundle..",
        "glimt.training..",
        "glimt.metrics..",
        "glimt.pipeline..",
        "glimt.safety.filter..",
        "glimt.worker..");
  }

  @Test
  void the_gateway_knows_no_worker_and_the_worker_no_gateway() {
    noClasses()
        .that()
        .resideInAPackage("glimt.gateway..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(GENERATION)
        .check(GLIMT);
    noClasses()
        .that()
        .resideOutsideOfPackages("glimt.gateway..", "glimt.deploy..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("glimt.gateway..", "glimt.deploy..")
        .check(GLIMT);
  }

  @Test
  void of_storage_the_worker_sees_the_nouns_and_the_artifacts_only() {
    noClasses()
        .that()
        .resideInAPackage("glimt.worker..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("glimt.ledger..", "glimt.postgres..")
        .check(GLIMT);
  }

  @Test
  void serving_and_training_know_nothing_of_each_other() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "glimt.worker..",
            "glimt.pipeline..",
            "glimt.bundle..",
            "glimt.generation..",
            "glimt.image..",
            "glimt.video..",
            "glimt.points..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("glimt.training..", "glimt.metrics..")
        .check(GLIMT);
    noClasses()
        .that()
        .resideInAPackage("glimt.training..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("glimt.worker..")
        .check(GLIMT);
  }

  /** So that no process of a farm needs them, whatever class it starts from. */
  @Test
  void only_what_is_loaded_by_name_refers_to_training() {
    noClasses()
        .that()
        .resideOutsideOfPackages("glimt.training..", "glimt.metrics..", "glimt.deploy.training..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("glimt.training..", "glimt.metrics..", "glimt.deploy.training..")
        .check(GLIMT);
  }

  @Test
  void whatever_crosses_the_wire_is_plain_data_and_goes_one_way() {
    classes()
        .that()
        .implement(Protocol.Wire.class)
        .and()
        .areNotInterfaces()
        .should(
            condition(
                "be a record",
                type -> type.isRecord() ? List.of() : List.of(type.getName() + " is no record")))
        .check(GLIMT);
    for (JavaClass type : GLIMT) {
      if (type.isRecord() && type.isAssignableTo(Protocol.Wire.class)) {
        long sides =
            Stream.of(Protocol.ToCoordinator.class, Protocol.ToWorker.class, Protocol.Live.class)
                .filter(type::isAssignableTo)
                .count();
        assertThat(sides).as("sides of " + type.getSimpleName()).isLessThanOrEqualTo(1);
      }
    }
  }

  @Test
  void a_name_is_a_noun_of_its_own() {
    classes()
        .should()
        .haveNameNotMatching(
            ".*\\.(\\w*\\$)?(\\w*(Manager|Service|Utils?|Helper|Impl|DTO|Dto|Entity|Scheduler)|(Base|Abstract)[A-Z]\\w*)")
        .check(GLIMT);
  }

  @Test
  void no_two_types_have_one_simple_name() {
    Map<String, List<String>> byName =
        GLIMT.stream()
            .filter(type -> !type.getSimpleName().isEmpty())
            .filter(type -> !type.getSimpleName().equals("package-info"))
            .collect(
                Collectors.groupingBy(
                    JavaClass::getSimpleName,
                    TreeMap::new,
                    Collectors.mapping(JavaClass::getName, Collectors.toList())));
    byName.values().removeIf(types -> types.size() == 1);
    assertThat(byName).as("names that stand for two types or more").isEmpty();
  }

  @Test
  void only_the_commands_speak_on_standard_output_and_error() {
    noClasses()
        .that()
        .resideOutsideOfPackage("glimt.deploy..")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(GLIMT);
  }

  @Test
  void nobody_sleeps_draws_lots_or_prints_stack_traces() {
    noClasses()
        .should()
        .callMethodWhere(
            call("Thread.sleep, Math.random or printStackTrace", ArchitectureTest::isBanned))
        .check(GLIMT);
    noClasses()
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.util.Random")
        .orShould()
        .dependOnClassesThat()
        .resideInAPackage("java.util.logging..")
        .check(GLIMT);
  }

  @Test
  void nothing_static_changes_and_no_method_locks_a_whole_object() {
    fields().that().areStatic().should().beFinal().check(GLIMT);
    methods()
        .should()
        .notHaveModifier(JavaModifier.SYNCHRONIZED)
        .allowEmptyShould(true)
        .check(GLIMT);
  }

  // ---- the conditions

  private static ArchCondition<JavaClass> useNothingOf(String... packages) {
    DescribedPredicate<JavaClass> there = JavaClass.Predicates.resideInAnyPackage(packages);
    return condition(
        "use nothing of " + List.of(packages),
        type ->
            type.getDirectDependenciesFromSelf().stream()
                .filter(dependency -> there.test(dependency.getTargetClass()))
                .map(Object::toString)
                .toList());
  }

  private static ArchCondition<JavaClass> readNoClock() {
    return condition(
        "read no clock",
        type ->
            type.getMethodCallsFromSelf().stream()
                .filter(call -> isClock(call.getTarget()))
                .map(JavaMethodCall::getDescription)
                .toList());
  }

  private static boolean isClock(MethodCallTarget target) {
    String owner = target.getOwner().getName();
    return (owner.startsWith("java.time.") && target.getName().equals("now"))
        || owner.equals("java.time.Clock")
        || (owner.equals("java.lang.System")
            && Set.of("nanoTime", "currentTimeMillis").contains(target.getName()));
  }

  private static boolean isBanned(MethodCallTarget target) {
    return switch (target.getName()) {
      case "sleep" -> target.getOwner().isAssignableTo(Thread.class);
      case "random" -> target.getOwner().isEquivalentTo(Math.class);
      case "printStackTrace" -> target.getOwner().isAssignableTo(Throwable.class);
      default -> false;
    };
  }

  /** Reads the constants of the class file, because ArchUnit does not see strings. */
  private static ArchCondition<JavaClass> holdNoSql() {
    return condition(
        "hold no SQL text",
        type ->
            strings(type).filter(text -> SQL.matcher(text).matches()).map(String::strip).toList());
  }

  private static Stream<String> strings(JavaClass type) {
    try (InputStream file = type.getSource().orElseThrow().getUri().toURL().openStream()) {
      return StreamSupport.stream(
          ClassFile.of().parse(file.readAllBytes()).constantPool().spliterator(), false)
          .filter(StringEntry.class::isInstance)
          .map(entry -> ((StringEntry) entry).stringValue())
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + type.getName(), e);
    }
  }

  private static void onlyIn(String library, String... rooms) {
    ArchRule rule =
        noClasses()
            .that()
            .resideOutsideOfPackages(rooms)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(library);
    rule.check(GLIMT);
  }

  private static ArchCondition<JavaClass> condition(
      String words, Function<JavaClass, List<String>> breaches) {
    return new ArchCondition<>(words) {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        breaches
            .apply(type)
            .forEach(
                breach ->
                    events.add(
                        SimpleConditionEvent.violated(type, type.getName() + ": " + breach)));
      }
    };
  }

  private static DescribedPredicate<JavaMethodCall> call(
      String words, java.util.function.Predicate<MethodCallTarget> banned) {
    return describe(words, call -> banned.test(call.getTarget()));
  }

  private static JavaClass outermost(JavaClass type) {
    return type.getEnclosingClass().map(ArchitectureTest::outermost).orElse(type);
  }

  /** The Javadoc of every package-info, as plain text, by package. */
  private static Map<String, String> packages() {
    return Repository.files().stream()
        .filter(file -> file.endsWith("package-info.java"))
        .map(Repository::text)
        .collect(
            Collectors.toMap(
                text ->
                    text.lines()
                        .filter(line -> line.startsWith("package "))
                        .findFirst()
                        .orElseThrow()
                        .replaceAll("package |;", ""),
                text -> text.substring(0, text.indexOf("*/")).replaceAll("\\s*\\n \\*\\s*", " ")));
  }

  private static List<String> absences(String javadoc) {
    return ABSENCES
        .matcher(javadoc)
        .results()
        .flatMap(list -> ABSENCE.matcher(list.group(1)).results())
        .map(absence -> absence.group(1))
        .toList();
  }
}
