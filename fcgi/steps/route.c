/* SPDX-License-Identifier: GPL-3.0-or-later
 * Routing on the raw request URI, the one thing all web servers agree on: the mount and the product's prefix are cut
 * off, the path is split at slashes and each segment decoded, a slash at the end counts for nothing. Literal segments
 * win over parameters. What begins with /-/ is the machine's: its health, and the realm of its operators. */
#include "common/memory.h"
#include "common/text.h"
#include "fcgi/health.h"
#include "fcgi/serve.h"
#include <errno.h>

struct route_node {
    const char *literal; /* NULL: a parameter */
    struct route_node **children;
    int count;
    const struct operation *operations[METHOD_COUNT];
};

const char *const method_names[METHOD_COUNT] = {
    [GET] = "GET", [POST] = "POST", [PUT] = "PUT", [PATCH] = "PATCH", [DELETE] = "DELETE"
};

struct route_node *route_tree(void *ctx)
{
    return NEW(ctx, struct route_node);
}

static struct route_node *child_of(struct route_node *node, const char *segment)
{
    const char *literal = *segment == '{' ? NULL : segment;
    struct route_node *child;

    for (int i = 0; i < node->count; i++) {
        child = node->children[i];
        if (literal ? child->literal && !strcmp(child->literal, literal) : !child->literal)
            return child;
    }
    child = NEW(node, struct route_node);
    child->literal = literal ? COPY(child, literal) : NULL;
    node->children = memory_check(talloc_realloc(node, node->children, struct route_node *, node->count + 1));
    node->children[node->count++] = child;
    return child;
}

void route_add(struct route_node *root, const struct operation *operation)
{
    autotalloc char *path = COPY(NULL, operation->row->path);
    char *save = NULL;

    for (char *segment = strtok_r(path, "/", &save); segment; segment = strtok_r(NULL, "/", &save))
        root = child_of(root, segment);
    root->operations[operation->row->method] = operation;
}

const char *route_paths(void *ctx, const struct endpoint *rows)
{
    char *paths = COPY(ctx, "{");

    for (const struct endpoint *row = rows; row->name; row = endpoint_next(row))
        paths = memory_check(
            talloc_asprintf_append(paths, "%s\"%s\":\"%s\"", row == rows ? "" : ",", row->name, row->path));
    return memory_check(talloc_strdup_append(paths, "}"));
}

/* The node of the whole path, literals first. captures gets the positions of the parameters. */
static const struct route_node *walk(const struct route_node *node, char *const *segments, int count, int at,
                                     int *captures)
{
    if (at == count)
        return node;
    for (int literal = 1; literal >= 0; literal--)
        for (int i = 0; i < node->count; i++) {
            const struct route_node *child = node->children[i], *found;

            if (literal ? !child->literal || strcmp(child->literal, segments[at]) != 0 : child->literal != NULL)
                continue;
            if (!literal)
                *captures = at;
            found = walk(child, segments, count, at + 1, literal ? captures : captures + 1);
            if (found)
                return found;
        }
    return NULL;
}

const struct operation *route_find(void *ctx, const struct route_node *root, enum method method, char *const *segments,
                                   int count, int captures[SEGMENTS_MAX], const char **ret_allow)
{
    const struct route_node *node = walk(root, segments, count, 0, captures);
    char *allow = NULL;

    if (node && method != METHOD_COUNT && node->operations[method])
        return node->operations[method];
    for (int i = 0; node && i < METHOD_COUNT; i++)
        if (node->operations[i])
            allow = allow ? memory_check(talloc_asprintf_append(allow, ", %s", method_names[i]))
                          : COPY(ctx, i == GET ? "GET, HEAD" : method_names[i]);
    *ret_allow = allow ? memory_check(talloc_strdup_append(allow, ", OPTIONS")) : NULL;
    return NULL;
}

int path_parameter(const char *path, const char *name)
{
    size_t length = strlen(name);
    int i = 0;

    for (const char *brace = strchr(path, '{'); brace; brace = strchr(brace + 1, '{'), i++)
        if (!strncmp(brace + 1, name, length) && brace[1 + length] == '}')
            return i;
    return -1;
}

/* ---- the step ---- */

static enum method method_of(const char *text)
{
    if (!strcmp(text, "HEAD"))
        return GET; /* respond() leaves the body out */
    for (int i = 0; i < METHOD_COUNT; i++)
        if (!strcmp(method_names[i], text))
            return (enum method)i;
    return METHOD_COUNT;
}

/* Split path at slashes and decode. -ENOENT for what no row can have; what was split until then still names the
 * product, in whose words that is told. */
static int split(struct request *rq, char *path)
{
    int r = strstr(path, "//") ? -ENOENT : 0;
    char *save = NULL;

    for (char *segment = strtok_r(path, "/", &save); segment; segment = strtok_r(NULL, "/", &save)) {
        if (rq->segment_count == SEGMENTS_MAX || url_decode(segment, false) < 0)
            return -ENOENT;
        rq->segments[rq->segment_count++] = segment;
    }
    return r;
}

static bool product_served(const struct server *server, const struct product *product)
{
    const char *list = server->config->products;
    return !*list || text_listed(list, product->name);
}

/* The product: the web server's word, else the first segment, which is taken off. */
static const struct product *find_product(struct request *rq)
{
    const char *name = request_param(rq, "MILLRACE_PRODUCT");
    bool given = *name != '\0';

    if (!given && rq->segment_count > 0)
        name = rq->segments[0];
    for (const struct product *product = products; product->name; product++) {
        if (product->root || strcmp(product->name, name) != 0 || !product_served(rq->server, product))
            continue;
        rq->prefixed = !given;
        if (!given)
            memmove(rq->segments, rq->segments + 1, (size_t)--rq->segment_count * sizeof rq->segments[0]);
        return product;
    }
    return NULL;
}

/* A realm whose root the path has, which is taken off; NULL: none, or it is not served here. */
static const struct product *find_realm(struct request *rq)
{
    const struct product *realm = products;

    if (!request_config(rq)->front_operators || rq->segment_count < 2 || strcmp(rq->segments[0], "-") != 0)
        return NULL;
    while (realm->name && (!realm->root || strcmp(realm->root + 3, rq->segments[1]) != 0))
        realm++;
    if (!realm->name)
        return NULL;
    rq->segment_count -= 2;
    memmove(rq->segments, rq->segments + 2, (size_t)rq->segment_count * sizeof rq->segments[0]);
    return realm;
}

/* The path behind the mount; a method or URI beyond bounds is cut off by the web server. */
static char *path_of(struct request *rq)
{
    const char *mount = request_config(rq)->front_mount;
    char *uri = COPY(rq, request_param(rq, "REQUEST_URI")), *mark = strchr(uri, '?');

    if (mark)
        *mark = '\0';
    rq->query = mark ? mark + 1 : "";
    if (strncmp(uri, mount, strlen(mount)) != 0 || !strchr("/", uri[strlen(mount)]))
        return NULL;
    return uri + strlen(mount);
}

static void keep_path_arguments(struct request *rq, const int *captures)
{
    const struct operation *operation = rq->operation;

    for (int i = 0; i < operation->field_count; i++) {
        const struct field *field = &operation->fields[i];
        if (field->in == PATH)
            rq->arguments[FIXED_COUNT + i] = rq->segments[captures[path_parameter(operation->row->path, field->name)]];
    }
}

/* The walk ends here. */
static int answer_options(struct request *rq)
{
    static step_fn *const end[] = { NULL };

    options_answer(rq, rq->allow);
    rq->step = end;
    return 0;
}

/* In the words of the product, if what has come names it. */
static int refuse_head(struct request *rq)
{
    rq->product = rq->product ? rq->product : find_product(rq);
    return fail(rq, E_TOO_LARGE, NULL, "The request's headers are too large");
}

int route(struct request *rq)
{
    const char *method = request_param(rq, "REQUEST_METHOD");
    int captures[SEGMENTS_MAX] = { 0 };
    char *path;
    int r;

    rq->method = method_of(method);
    rq->head = !strcmp(method, "HEAD");
    path = path_of(rq);
    r = path ? split(rq, path) : -ENOENT;
    rq->product = r == 0 ? find_realm(rq) : NULL;
    if (rq->in->head_too_large)
        return refuse_head(rq);
    if (r == 0 && !rq->product && health(rq, &r))
        return r;
    rq->product = rq->product ? rq->product : find_product(rq);
    if (!rq->product)
        return fail(rq, E_NOT_FOUND, NULL, "There is no such product");
    if (r < 0)
        return fail(rq, E_NOT_FOUND, NULL, NULL);
    if (rq->product->dialect->accept && (r = rq->product->dialect->accept(rq)) < 0)
        return r;
    rq->operation = route_find(rq, rq->server->routes[rq->product - products], rq->method, rq->segments,
                               rq->segment_count, captures, &rq->allow);
    if (!rq->operation && rq->allow && !strcmp(method, "OPTIONS"))
        return answer_options(rq);
    if (!rq->operation)
        return fail(rq, rq->allow ? E_METHOD : E_NOT_FOUND, NULL, NULL);
    rq->arguments = memory_check(talloc_zero_array(rq, const char *, rq->operation->name_count));
    rq->arguments[ARG_PRODUCT] = rq->product->name;
    rq->arguments[ARG_REQUEST_ID] = rq->request_id;
    rq->arguments[ARG_BASE_URL] = *(const char *const *)((const char *)request_config(rq) + rq->product->url);
    rq->arguments[ARG_PATHS] = rq->server->paths[rq->product - products];
    keep_path_arguments(rq, captures);
    return 0;
}
