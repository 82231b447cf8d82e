/**
 * What the world sees: HTTP as {@code openapi.yaml} has it, and the page. Read {@link
 * glimt.gateway.Gateway} first: its list of operations is the contract's.
 *
 * <p>Requests come in as {@link glimt.gateway.Fields}, become jobs in {@link
 * glimt.gateway.Submission}, and are shown as {@link glimt.gateway.JobDocument}; what goes wrong is
 * a {@link glimt.gateway.Problem}, answered in one place.
 *
 * <p>No SQL text, no tensors, no worker: nothing of how a picture is made. Event loops never wait;
 * what does goes through {@link glimt.gateway.RequestContext#ask}.
 */
@NullMarked
package glimt.gateway;

import org.jspecify.annotations.NullMarked;
