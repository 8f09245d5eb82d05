using Xunit;

namespace Kist.Tidy.Tests;

public sealed class ShapeTests
{
    private static readonly TextFile s_kv =
        new("src/Kist.Server/Engines/Kv/Kv.cs", "namespace Kist.Server.Engines.Kv; public sealed class KvEngine;");

    [Fact]
    public void PlugInsAreSeenOnlyByTheCatalog() =>
        Exceptions.Judge("seen-plug-in", ShapeRules.SeenPlugIns(Code.Sources));

    [Fact]
    public void AnInterfaceHasTwoImplementations() =>
        Exceptions.Judge("lone-interface", ShapeRules.LoneInterfaces(Code.Sources));

    [Fact]
    public void ClassesAreSealed() => Exceptions.Judge("open-class", ShapeRules.OpenClasses(Code.Sources));

    [Fact]
    public void TheKernelSeesOnlyTheBaseClassLibraryAndTheSecrets() => Exceptions.Judge("foreign-reference",
    [
        .. ShapeRules.ForeignReferences(Project("src/Kist.Kernel/Kist.Kernel.csproj"), "Kist.Secrets"),
        .. ShapeRules.ForeignReferences(Project("src/Kist.Secrets/Kist.Secrets.csproj")),
    ]);

    [Theory]
    [InlineData("Server/Engines/Sys/C.cs", "using Kist.Server.Engines.Kv; namespace Kist.Server.Engines.Sys;")]
    [InlineData("Server/Engines/Sys/C.cs", "namespace Kist.Server.Engines.Sys; class C { Kv.KvEngine? e; }")]
    [InlineData("Server/Logins/Kv/C.cs", "namespace Kist.Server.Logins.Kv; class C { Engines.Kv.KvEngine? e; }")]
    [InlineData("Cli/C.cs", "namespace Kist.Cli; class C { object e = new Kist.Server.Engines.Kv.KvEngine(); }")]
    [InlineData("Server/Start.cs", "global using K = Kist.Server.Engines.Kv.KvEngine;")]
    public void AUseOfAPlugInIsFound(string path, string text)
    {
        var file = new TextFile($"src/Kist.{path}", text);

        Assert.Equal(file.Path, Assert.Single(ShapeRules.SeenPlugIns(new Code([s_kv, file]))).Where);
    }

    [Fact]
    public void AUseOfTheCatalogByAPlugInIsFound()
    {
        var catalog = new TextFile("src/Kist.Server/Catalog.cs",
            "namespace Kist.Server; public static class Catalog { public static Engines.Kv.KvEngine? E; }");
        var login = new TextFile("src/Kist.Server/Logins/A/A.cs",
            "namespace Kist.Server.Logins.A; class A { object? e = Catalog.E; }");

        var found = ShapeRules.SeenPlugIns(new Code([s_kv, catalog, login])).Select(v => v.Detail);

        Assert.Equal(["it sees Kist.Server.Catalog"], found);
    }

    [Fact]
    public void APlugInMaySeeItselfAndTheKernel() =>
        Assert.Empty(ShapeRules.SeenPlugIns(new Code(
        [
            s_kv,
            new("src/Kist.Kernel/S.cs", "namespace Kist.Kernel; public sealed class S;"),
            new("src/Kist.Server/Engines/Kv/D/D.cs",
                "using Kist.Kernel; namespace Kist.Server.Engines.Kv.D; class D { KvEngine? Kv; S? s = new(); }"),
        ])));

    [Theory]
    [InlineData("interface I; class A : I; class B : I;", 0)]
    [InlineData("interface I; class A : I; class B : A;", 0)]
    [InlineData("interface I<T>; class A : I<int>; struct B : I<string>;", 0)]
    [InlineData("interface I; class A : I;", 1)]
    [InlineData("interface I; interface J : I; class A : J; class B : J;", 0)]
    public void LoneInterfacesAreFound(string text, int found) =>
        Assert.Equal(found, ShapeRules.LoneInterfaces(new Code([new TextFile("A.cs", text)])).Count());

    [Theory]
    [InlineData("sealed class A; static class B; abstract class C; sealed class D : C; sealed record E;", 0)]
    [InlineData("class A<T>; sealed class B : A<int>;", 0)]
    [InlineData("class A;", 1)]
    [InlineData("abstract class A;", 1)]
    [InlineData("record A;", 1)]
    public void OpenClassesAreFound(string text, int found) =>
        Assert.Equal(found, ShapeRules.OpenClasses(new Code([new TextFile("A.cs", text)])).Count());

    [Fact]
    public void ForeignReferencesAreFound()
    {
        var project = new TextFile("src/K/K.csproj",
            """<PackageReference Include="X" /><ProjectReference Include="../Kist.Secrets/Kist.Secrets.csproj" />""");

        Assert.Equal("it refers to X", Assert.Single(ShapeRules.ForeignReferences(project, "Kist.Secrets")).Detail);
    }

    private static TextFile Project(string path) => Repository.Files.Single(f => f.Path == path);
}
