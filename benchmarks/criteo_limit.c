/* The limit: the Criteo-shaped workload in C, as an extension module that knows it by heart.
 *
 * fill(row, dense, ids)         reads a dict and fills two tensors, types checked
 * fill_rows(rows, dense, ids)   the same for a list of dicts; ids of int64, as an embedding takes
 * columns(slots, start, stop)   the same over columns in memory; its address is `columns_address`
 * views(...)                    one column of Arrow's string views; its address is `views_address`
 * tensors(...)                  Arrow columns to tensors of rows; its address is `tensors_address`
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define INTS 13
#define TEXTS 26
#define BUCKETS 100003u
static const uint64_t P1 = 0x9E3779B185EBCA87u, P2 = 0xC2B2AE3D27D4EB4Fu, P3 = 0x165667B19E3779F9u,
                      P4 = 0x85EBCA77C2B2AE63u, P5 = 0x27D4EB2F165667C5u;

static inline uint64_t rotl(uint64_t x, int r) { return (x << r) | (x >> (64 - r)); }
static inline uint64_t lane(uint64_t acc, uint64_t x) { return rotl(acc + x * P2, 31) * P1; }
static inline uint64_t merge(uint64_t h, uint64_t acc) { return (h ^ lane(0, acc)) * P1 + P4; }
static inline uint64_t read8(const uint8_t *p) { uint64_t x; memcpy(&x, p, 8); return x; }
static inline uint32_t read4(const uint8_t *p) { uint32_t x; memcpy(&x, p, 4); return x; }

/* XXH64 with seed 0. */
static inline uint64_t xxh64(const uint8_t *p, int64_t n)
{
    const uint8_t *end = p + n;
    uint64_t h = P5;
    if (n >= 32) {
        uint64_t a = P1 + P2, b = P2, c = 0, d = 0 - P1;
        for (; end - p >= 32; p += 32) {
            a = lane(a, read8(p));
            b = lane(b, read8(p + 8));
            c = lane(c, read8(p + 16));
            d = lane(d, read8(p + 24));
        }
        h = rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18);
        h = merge(merge(merge(merge(h, a), b), c), d);
    }
    h += (uint64_t)n;
    for (; end - p >= 8; p += 8) h = rotl(h ^ lane(0, read8(p)), 27) * P1 + P4;
    if (end - p >= 4) { h = rotl(h ^ (read4(p) * P1), 23) * P2 + P3; p += 4; }
    for (; p < end; p++) h = rotl(h ^ (*p * P5), 11) * P1;
    h = (h ^ (h >> 33)) * P2;
    h = (h ^ (h >> 29)) * P3;
    return h ^ (h >> 32);
}

static inline float log_of(int64_t x) { return (float)log1p((double)(x < 0 ? 0 : x)); }

/* The slots: (values, valid) of each input, then of each output. */
static void columns(const int64_t *slots, int64_t start, int64_t stop)
{
    for (int k = 0; k < INTS; k++) {
        const int64_t *restrict x = (const int64_t *)slots[2 * k];
        const uint8_t *restrict valid = (const uint8_t *)slots[2 * k + 1];
        float *restrict out = (float *)slots[2 * (INTS + TEXTS + k)];
        for (int64_t i = start; i < stop; i++) out[i] = log_of(valid[i] ? x[i] : 0);
    }
    for (int k = INTS; k < INTS + TEXTS; k++) {
        const int64_t *restrict x = (const int64_t *)slots[2 * k];
        const uint8_t *restrict valid = (const uint8_t *)slots[2 * k + 1];
        uint32_t *restrict out = (uint32_t *)slots[2 * (INTS + TEXTS + k)];
        for (int64_t i = start; i < stop; i++) {
            int64_t n = valid[i] ? x[2 * i + 1] : 0;
            out[i] = xxh64((const uint8_t *)x[2 * i], n) % BUCKETS;
        }
    }
}

/* Arrow's buffers: validity in bits (or NULL) from bit `offset`, values from element 0. */
static inline int is_there(const uint8_t *bits, int64_t i)
{
    return bits == NULL || (bits[i >> 3] >> (i & 7) & 1);
}

static void ints(const int64_t *x, const uint8_t *bits, int64_t offset, int64_t n, float *out)
{
    for (int64_t i = 0; i < n; i++) out[i] = log_of(is_there(bits, offset + i) ? x[i] : 0);
}

static void views(const uint8_t *view, const uint8_t *bits, int64_t offset, int64_t n,
                  const uint8_t *const *buffers, uint32_t *out)
{
    for (int64_t i = 0; i < n; i++, view += 16) {
        uint32_t size = is_there(bits, offset + i) ? read4(view) : 0;
        const uint8_t *at = size <= 12 ? view + 4 : buffers[read4(view + 8)] + read4(view + 12);
        out[i] = xxh64(at, size) % BUCKETS;
    }
}

/* Arrow's C data interface: a record batch of int64 and string columns. */
struct arrow {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct arrow **children;
};

static void tensors(const struct arrow *table, float *dense, int64_t *ids)
{
    int64_t n = table->length;
    for (int k = 0; k < INTS + TEXTS; k++) {
        const struct arrow *column = table->children[k];
        const uint8_t *bits = column->buffers[0];
        int64_t first = table->offset + column->offset;
        if (k < INTS) {
            const int64_t *restrict x = (const int64_t *)column->buffers[1] + first;
            for (int64_t i = 0; i < n; i++)
                dense[i * INTS + k] = log_of(is_there(bits, first + i) ? x[i] : 0);
        } else {
            const int32_t *restrict ends = (const int32_t *)column->buffers[1] + first;
            const uint8_t *restrict text = column->buffers[2];
            for (int64_t i = 0; i < n; i++) {
                int64_t size = is_there(bits, first + i) ? ends[i + 1] - ends[i] : 0;
                ids[i * TEXTS + k - INTS] = xxh64(text + ends[i], size) % BUCKETS;
            }
        }
    }
}

static PyObject *keys[INTS + TEXTS];

/* The key whose value is missing or of a wrong type, else NULL. */
static PyObject *read_row(PyObject *row, float *dense, uint32_t *ids)
{
    for (int k = 0; k < INTS + TEXTS; k++) {
        PyObject *value = PyDict_GetItemWithError(row, keys[k]);
        if (value == NULL) return keys[k];
        if (k < INTS) {
            int overflow = 0;
            int64_t x = 0;
            if (PyLong_CheckExact(value)) x = PyLong_AsLongLongAndOverflow(value, &overflow);
            else if (value != Py_None) overflow = 1;
            if (overflow) return keys[k];
            dense[k] = log_of(x);
        } else {
            Py_ssize_t n = 0;
            const char *text = "";
            if (PyUnicode_CheckExact(value)) text = PyUnicode_AsUTF8AndSize(value, &n);
            else if (value != Py_None) text = NULL;
            if (text == NULL) return keys[k];
            ids[k - INTS] = xxh64((const uint8_t *)text, n) % BUCKETS;
        }
    }
    return NULL;
}

static PyObject *finished(Py_buffer *dense, Py_buffer *ids, PyObject *bad)
{
    PyBuffer_Release(dense);
    PyBuffer_Release(ids);
    if (bad != NULL) {
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "%R: missing or of a wrong type", bad);
        return NULL;
    }
    Py_RETURN_NONE;
}

static int writable(PyObject *const *args, Py_buffer *dense, Py_buffer *ids)
{
    if (PyObject_GetBuffer(args[1], dense, PyBUF_WRITABLE) < 0) return 0;
    if (PyObject_GetBuffer(args[2], ids, PyBUF_WRITABLE) == 0) return 1;
    PyBuffer_Release(dense);
    return 0;
}

static PyObject *fill(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    Py_buffer dense, ids;
    if (count != 3 || !PyDict_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "expected fill(dict, dense, ids)");
        return NULL;
    }
    if (!writable(args, &dense, &ids)) return NULL;
    PyObject *bad = Py_None;
    if (dense.len == 4 * INTS && ids.len == 4 * TEXTS) bad = read_row(args[0], dense.buf, ids.buf);
    return finished(&dense, &ids, bad);
}

static PyObject *fill_rows(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    Py_buffer dense, ids;
    if (count != 3 || !PyList_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "expected fill_rows(list, dense, ids)");
        return NULL;
    }
    if (!writable(args, &dense, &ids)) return NULL;
    Py_ssize_t rows = PyList_GET_SIZE(args[0]);
    PyObject *bad = dense.len >= 4 * INTS * rows && ids.len >= 8 * TEXTS * rows ? NULL : Py_None;
    for (Py_ssize_t i = 0; i < rows && bad == NULL; i++) {
        PyObject *row = PyList_GET_ITEM(args[0], i);
        uint32_t hashes[TEXTS];
        bad = PyDict_CheckExact(row) ? read_row(row, (float *)dense.buf + i * INTS, hashes) : row;
        for (int k = 0; k < TEXTS && bad == NULL; k++)
            ((int64_t *)ids.buf)[i * TEXTS + k] = hashes[k];
    }
    return finished(&dense, &ids, bad);
}

static PyMethodDef methods[] = {
    {"fill", (PyCFunction)(void (*)(void))fill, METH_FASTCALL, "Fills two tensors from a dict."},
    {"fill_rows", (PyCFunction)(void (*)(void))fill_rows, METH_FASTCALL, "From a list of dicts."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "criteo_limit", NULL, -1, methods};

PyMODINIT_FUNC PyInit_criteo_limit(void)
{
    char name[8];
    for (int k = 0; k < INTS + TEXTS; k++) {
        snprintf(name, sizeof name, k < INTS ? "i%d" : "c%d", k < INTS ? k + 1 : k - INTS + 1);
        keys[k] = PyUnicode_InternFromString(name);
    }
    PyObject *made = PyModule_Create(&module);
    PyModule_AddObject(made, "columns_address", PyLong_FromVoidPtr((void *)columns));
    PyModule_AddObject(made, "ints_address", PyLong_FromVoidPtr((void *)ints));
    PyModule_AddObject(made, "tensors_address", PyLong_FromVoidPtr((void *)tensors));
    PyModule_AddObject(made, "views_address", PyLong_FromVoidPtr((void *)views));
    return made;
}
