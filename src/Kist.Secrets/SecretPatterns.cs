using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Kist.Secrets;

/// <summary>
/// The automaton of Aho and Corasick (Communications of the ACM 18(6), 1975) over a set of secret values in all the
/// forms in which they are masked. Built once, then shared by any number of <see cref="Redactor"/>s; it holds the
/// values, so dispose it when the last of them has ended.
/// </summary>
[JsonConverter(typeof(RedactedJson<SecretPatterns>))]
[DebuggerDisplay("[REDACTED]")]
public sealed class SecretPatterns : IDisposable
{
    private const int Root = 0;
    private const int BeginningBits = 18;

    // A trie in arrays: the labels are the secret part, so they are pinned (never copied by the collector) and zeroed.
    private byte[] _label = NewLabels(256);
    private int[] _firstChild = new int[256];
    private int[] _nextSibling = new int[256];
    private int[] _fail = new int[256];
    private int[] _depth = new int[256];
    private int[] _match = new int[256];
    private readonly int[] _fromRoot = new int[256];
    private readonly ulong[] _beginnings = new ulong[1 << (BeginningBits - 6)];
    private readonly FormFilter _filter = new();
    private int _count = 1;

    /// <summary>Takes every value of at least <see cref="Redactor.MinLength"/> bytes; shorter ones are left out.
    /// The values are copied.</summary>
    public SecretPatterns(IEnumerable<ReadOnlyMemory<byte>> values) : this(values, asTheyAre: false)
    {
    }

    /// <summary>As above; <paramref name="asTheyAre"/> leaves out every other form, of which thousands of values would
    /// have too many.</summary>
    public SecretPatterns(IEnumerable<ReadOnlyMemory<byte>> values, bool asTheyAre)
    {
        foreach (var value in values)
        {
            if (asTheyAre) Add(value.Span);
            else SecretForms.Each(value.Span, Add);
        }
        LinkFailures();
        FillFilter();
    }

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes the values.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_label);
        Array.Clear(_firstChild);
        Array.Clear(_fromRoot);
        Array.Clear(_beginnings);
        _filter.Clear();
    }

    /// <summary>Whether a <see cref="Redactor"/> might find something in the text; false is sure.</summary>
    public bool AreIn(ReadOnlySpan<byte> text)
    {
        var state = Root;
        foreach (var value in text)
        {
            // Line ends may stand inside a value, and colours.
            if (value is (byte)'\n' or (byte)'\r' && _depth[state] >= Redactor.ShortestBroken) return true;
            state = Step(state, value);
            if (_match[state] > 0 || value == 0x1B) return true;
        }
        return false;
    }

    /// <summary>Whether there is nothing to find.</summary>
    public bool IsEmpty => _count == 1;

    /// <summary>Whether a form begins with <paramref name="value"/>.</summary>
    internal bool Begins(byte value) => _fromRoot[value] != Root;

    // Whether a form may begin with these four bytes; every form has as many. Almost never wrongly so.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayBegin(uint four)
    {
        var place = PlaceOf(four);
        return (_beginnings[place >> 6] >> (int)(place & 63) & 1) != 0;
    }

    /// <summary>Of <paramref name="places"/> from the first on, where a form may begin; else how many there are. Three
    /// bytes more must be there.</summary>
    internal int FirstBeginning(ref byte first, int places)
    {
        var at = 0;
        for (; at <= places - FormFilter.Width; at += FormFilter.Width)
        {
            for (var mask = _filter.Mask(ref Unsafe.Add(ref first, at)); mask != 0; mask &= mask - 1)
            {
                var place = at + BitOperations.TrailingZeroCount(mask);
                if (MayBegin(Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, place)))) return place;
            }
        }
        while (at < places && !MayBegin(Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, at)))) at++;
        return at;
    }

    /// <summary>How many of the last bytes may belong to a form that has only begun.</summary>
    internal int DepthOf(int state) => _depth[state];

    /// <summary>The length of the longest form that ends here, or 0.</summary>
    internal int MatchOf(int state) => _match[state];

    /// <summary>Whether a form that has begun may be broken into lines here: enough of it has been seen, it is not
    /// over, and it does not go on with just this byte.</summary>
    internal bool MayBreak(int state, byte lineEnd)
    {
        if (_depth[state] < Redactor.ShortestBroken || _firstChild[state] == 0) return false;
        for (var child = _firstChild[state]; child != 0; child = _nextSibling[child])
            if (_label[child] == lineEnd) return false;
        return true;
    }

    internal int Step(int state, byte value)
    {
        while (state != Root)
        {
            for (var child = _firstChild[state]; child != 0; child = _nextSibling[child])
                if (_label[child] == value) return child;
            state = _fail[state];
        }
        return _fromRoot[value];
    }

    private void Add(ReadOnlySpan<byte> form)
    {
        if (form.Length < Redactor.MinLength) return;
        var place = PlaceOf(MemoryMarshal.Read<uint>(form));
        _beginnings[place >> 6] |= 1UL << (int)(place & 63);
        var node = Root;
        foreach (var value in form) node = ChildOf(node, value);
        _match[node] = form.Length;
    }

    private int ChildOf(int node, byte value)
    {
        if (node == Root && _fromRoot[value] != 0) return _fromRoot[value];
        for (var child = node == Root ? 0 : _firstChild[node]; child != 0; child = _nextSibling[child])
            if (_label[child] == value) return child;
        if (_count == _label.Length) Grow();
        var added = _count++;
        (_label[added], _depth[added]) = (value, _depth[node] + 1);
        (_nextSibling[added], _firstChild[node]) = (_firstChild[node], added);
        if (node == Root) _fromRoot[value] = added;
        return added;
    }

    /// <summary>Breadth first: the failure of a node is the longest shorter suffix that is also in the trie.</summary>
    private void LinkFailures()
    {
        var queue = new Queue<int>();
        queue.Enqueue(Root);
        while (queue.TryDequeue(out var node))
        {
            for (var child = _firstChild[node]; child != 0; child = _nextSibling[child])
            {
                _fail[child] = node == Root ? Root : Step(_fail[node], _label[child]);
                if (_match[child] == 0) _match[child] = _match[_fail[child]];
                queue.Enqueue(child);
            }
        }
    }

    // Forms that begin with the same byte, or neighbours, share a group: so each group has few first bytes.
    private void FillFilter()
    {
        var (begun, count) = (0, 256 - _fromRoot.AsSpan().Count(Root));
        for (var first = 0; first < 256; first++)
        {
            var node = _fromRoot[first];
            if (node == Root) continue;
            var group = begun++ * FormFilter.Groups / count;
            for (var second = _firstChild[node]; second != 0; second = _nextSibling[second])
                for (var third = _firstChild[second]; third != 0; third = _nextSibling[third])
                    _filter.Add((byte)first, _label[second], _label[third], group);
        }
    }

    private void Grow()
    {
        var labels = NewLabels(_label.Length * 2);
        _label.CopyTo(labels, 0);
        CryptographicOperations.ZeroMemory(_label);
        _label = labels;
        Array.Resize(ref _firstChild, labels.Length);
        Array.Resize(ref _nextSibling, labels.Length);
        Array.Resize(ref _fail, labels.Length);
        Array.Resize(ref _depth, labels.Length);
        Array.Resize(ref _match, labels.Length);
    }

    // The upper bits of a product by 2³² over the golden ratio depend on all of the factor's.
    private static uint PlaceOf(uint four) => four * 0x9E3779B1 >> (32 - BeginningBits);

    private static byte[] NewLabels(int count) => GC.AllocateArray<byte>(count, pinned: true);
}
