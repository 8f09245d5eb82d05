namespace Kist.Server;

/// <summary>The only file that names every plug-in.</summary>
public static class Catalog;
