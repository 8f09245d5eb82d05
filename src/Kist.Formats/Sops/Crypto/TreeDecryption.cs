using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Kist.Formats.Sops.Crypto;

/// <summary>Makes the plain tree of an encrypted one, and its MAC on the way.</summary>
internal sealed class TreeDecryption(TreeWalk walk, ValueCipher cipher, Mac mac, SecretArena arena, NonceStash? nonces)
{
    private byte[] _text = new byte[1024];
    private byte[] _nonce = new byte[64];
    private int _depth;

    /// <summary>The first thing that went wrong.</summary>
    public SopsFault? Fault { get; private set; }

    /// <summary>Decrypts a document; null where there is a fault.</summary>
    public SopsValue? Document(SopsValue document) =>
        Branch(document, new Scope(walk.Rules.EncryptsAtRoot, false));

    private SopsValue? Branch(SopsValue branch, Scope scope)
    {
        if (++_depth > TreeWalk.MaxDepth) return Failed("maps and lists lie too deep in each other", branch);
        var items = new List<SopsItem>(branch.Branch.Count);
        foreach (var item in branch.Branch)
        {
            if (item.IsComment)
            {
                var comment = Comment(item.Value, scope.TakeComment(walk.Rules, item.Value));
                items.Add(new SopsItem("", comment));
                continue;
            }
            if (item.KeyType is not null)
                return Failed($"a key of the type {item.KeyType}: only text can be a key", item.Value);
            var back = walk.Enter(item.Key);
            if (Value(item.Value, item.Key, scope) is not { } value) return null;
            walk.Leave(back);
            items.Add(new SopsItem(item.Key, value));
            scope.Next();
        }
        _depth--;
        return SopsValue.OfBranch(items, branch.Line);
    }

    private SopsValue? List(SopsValue list, Scope scope)
    {
        if (++_depth > TreeWalk.MaxDepth) return Failed("maps and lists lie too deep in each other", list);
        var values = new List<SopsValue>(list.List.Count);
        for (var i = 0; i < list.List.Count; i++)
        {
            var item = list.List[i];
            if (item.Kind == SopsKind.Comment)
            {
                values.Add(Comment(item, scope.TakeComment(walk.Rules, item)));
                continue;
            }
            walk.Enter(i);
            if (Value(item, null, scope) is not { } value) return null;
            walk.Leave();
            values.Add(value);
            scope.Next();
        }
        _depth--;
        return SopsValue.OfList(values, list.Line);
    }

    private SopsValue? Value(SopsValue value, string? key, Scope scope)
    {
        if (value.Kind == SopsKind.Branch) return Branch(value, scope.Below(walk.Rules, key));
        if (value.Kind == SopsKind.List) return List(value, scope.Below(walk.Rules, key));
        if (value.Kind == SopsKind.Null) return value;
        var encrypted = scope.Encrypts(walk.Rules, key);
        if (!encrypted)
        {
            if (value.Kind == SopsKind.Unsigned) return Failed("a number beyond 64 bits", value);
            mac.Add(value, encrypted: false);
            return value;
        }
        if (value.Kind != SopsKind.Text) return Failed("this must be encrypted, but it is a plain value", value);
        if (value.Bytes.IsEmpty) return value;
        if (Open(value.Bytes.Span, value.Line, out var reason) is not { } plain) return Failed(reason, value);
        if (plain.Kind != SopsKind.Comment) mac.Add(plain, encrypted: true);
        return plain;
    }

    /// <summary>A comment that cannot be decrypted is taken for one that never was, as sops does it: comments are in
    /// no MAC, and older versions did not encrypt them.</summary>
    private SopsValue Comment(SopsValue comment, bool encrypted)
    {
        if (!encrypted || comment.Bytes.IsEmpty) return comment;
        if (Open(comment.Bytes.Span, comment.Line, out _) is not { } plain) return comment;
        return SopsValue.OfComment(plain.Bytes, line: comment.Line);
    }

    private SopsValue? Open(ReadOnlySpan<byte> text, int line, out string reason)
    {
        if (!EncryptedText.TryParse(text, out var parts))
        {
            reason = EncryptedText.Looks(text)
                ? "the encrypted value is damaged: it does not have the form ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]"
                : "this must be encrypted, but it is plain text";
            return null;
        }
        Reserve(ref _text, Base64.GetMaxDecodedFromUtf8Length(parts.Data.Length) + 3
            + Base64.GetMaxDecodedFromUtf8Length(parts.Tag.Length) + 3);
        Reserve(ref _nonce, Base64.GetMaxDecodedFromUtf8Length(parts.Nonce.Length) + 3);
        if (!EncryptedText.TryDecode(parts.Nonce, _nonce, out var nonce)
            || !EncryptedText.TryDecode(parts.Data, _text, out var data)
            || !EncryptedText.TryDecode(parts.Tag, _text.AsSpan(data), out var tag))
        {
            reason = "the encrypted value is damaged: a part of it is not base64";
            return null;
        }
        var length = data + tag - ValueCipher.TagBytes;
        var plain = arena.Take(Math.Max(length, 0));
        if (length < 0 || !cipher.TryOpen(_nonce.AsSpan(0, nonce), walk.Aad, _text.AsSpan(0, data + tag), plain.Span))
        {
            reason = "the encrypted value is not authentic: it was altered, moved from another key, or belongs to "
                + "another file";
            return null;
        }
        var value = Typed(plain, parts.Type, line, out reason);
        if (value is not null) nonces?.Add(walk.Aad, value, _nonce.AsSpan(0, nonce));
        return value;
    }

    private SopsValue? Typed(ReadOnlyMemory<byte> plain, ReadOnlySpan<byte> type, int line, out string reason)
    {
        reason = "the decrypted value is not of the type that it is said to be";
        if (type.SequenceEqual("str"u8)) return SopsValue.OfText(plain, line);
        if (type.SequenceEqual("comment"u8)) return SopsValue.OfComment(plain, line: line);
        if (type.SequenceEqual("int"u8))
            return GoNumber.TryInteger(plain.Span, out var integer) ? SopsValue.OfInteger(integer, line) : null;
        if (type.SequenceEqual("float"u8))
            return GoNumber.TryFloat(plain.Span, out var number) ? SopsValue.OfFloat(number, line) : null;
        if (type.SequenceEqual("bool"u8))
            return GoNumber.TryBoolean(plain.Span, out var boolean) ? SopsValue.OfBoolean(boolean, line) : null;
        if (type.SequenceEqual("time"u8))
            return GoTime.Parse(plain.Span) is { } time ? SopsValue.OfTime(arena.Copy(time), line) : null;
        reason = type.SequenceEqual("bytes"u8)
            ? "values of the type bytes are not supported" : "the encrypted value is of an unknown type";
        return null;
    }

    private SopsValue? Failed(string reason, SopsValue value)
    {
        Fault ??= walk.Fault(SopsExit.DecryptTree, reason, value);
        return null;
    }

    private static void Reserve(ref byte[] buffer, int length)
    {
        if (buffer.Length < length) buffer = new byte[Math.Max(length, buffer.Length * 2)];
    }
}
